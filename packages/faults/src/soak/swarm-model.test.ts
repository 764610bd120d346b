import assert from "node:assert/strict";
import { test } from "node:test";
import { SwarmModel } from "./swarm-model.ts";

/** A request that was answered within a second, and one that was answered at once. */
const second = (sentSeconds: number) => ({ sentSeconds, endedSeconds: sentSeconds + 1 });
const at = (seconds: number) => ({ sentSeconds: seconds, endedSeconds: seconds });

const OPTIONS = { peerAgeSeconds: 90, cleaningSeconds: 10, slackSeconds: 6, lateSeconds: 20 };

function modelWith(isCertain: boolean): SwarmModel {
  const model = new SwarmModel(OPTIONS);
  model.begin("a");
  model.announced("a", 7001, false, second(100), isCertain);
  return model;
}

test("a peer that was answered must be counted until it may expire, and may be until it is cleaned", () => {
  const model = modelWith(true);
  const none = { seeders: 0, leechers: 0 };
  const one = { seeders: 0, leechers: 1 };
  assert.equal(model.contradiction("a", none, at(183)), "0 leechers counted, 1 to 1 expected");
  assert.equal(model.contradiction("a", none, at(185)), undefined);
  assert.equal(model.contradiction("a", one, at(227)), undefined);
  assert.equal(model.contradiction("a", one, at(228)), "1 leechers counted, 0 to 0 expected");
});

test("a peer without an answer may be there, as a seeder or as a leecher", () => {
  const model = modelWith(false);
  assert.deepEqual(model.bounds("a", at(101)), {
    least: { seeders: 0, leechers: 0 },
    most: { seeders: 1, leechers: 1 },
  });
});

test("a stop that was not answered leaves the peer possible, one that was removes it", () => {
  const model = modelWith(true);
  model.begin("a");
  model.stopped("a", 7001, false);
  assert.equal(model.contradiction("a", { seeders: 0, leechers: 0 }, at(101)), undefined);
  assert.equal(model.contradiction("a", { seeders: 0, leechers: 1 }, at(101)), undefined);
  model.begin("a");
  model.stopped("a", 7001, true);
  assert.match(model.contradiction("a", { seeders: 0, leechers: 1 }, at(101)) ?? "", /0 to 0/);
});

test("while a request is under way there is no version, and afterwards another one", () => {
  const model = modelWith(true);
  const before = model.versionOf("a");
  model.begin("a");
  assert.equal(model.versionOf("a"), undefined);
  model.announced("a", 7002, true, second(101), true);
  assert.notEqual(model.versionOf("a"), before);
});

test("what the tracker credits after a standstill makes peers possible for longer, not certain", () => {
  const model = new SwarmModel({ ...OPTIONS, creditSeconds: () => 60 });
  model.begin("a");
  model.announced("a", 7001, false, second(100), true);
  assert.deepEqual(model.bounds("a", at(287)), {
    least: { seeders: 0, leechers: 0 },
    most: { seeders: 0, leechers: 1 },
  });
  assert.equal(model.bounds("a", at(288)).most.leechers, 0);
});

test("an announce that was not answered may have renewed its peer", () => {
  const model = modelWith(true);
  model.begin("a");
  model.announced("a", 7001, false, second(150), false);
  assert.equal(model.contradiction("a", { seeders: 0, leechers: 1 }, at(277)), undefined);
  assert.equal(model.contradiction("a", { seeders: 0, leechers: 0 }, at(151)), undefined);
});

test("how long requests take proves nothing: a bound holds whenever within them the tracker acted", () => {
  const model = new SwarmModel(OPTIONS);
  model.begin("a");
  model.announced("a", 7001, false, { sentSeconds: 100, endedSeconds: 130 }, true);
  const none = { seeders: 0, leechers: 0 };
  const one = { seeders: 0, leechers: 1 };
  const late = { sentSeconds: 183, endedSeconds: 185 };
  assert.equal(model.contradiction("a", none, late), undefined);
  assert.equal(model.contradiction("a", none, at(183)), "0 leechers counted, 1 to 1 expected");
  assert.equal(model.contradiction("a", one, { sentSeconds: 256, endedSeconds: 290 }), undefined);
  assert.match(model.contradiction("a", one, at(257)) ?? "", /0 to 0/);
});
