import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnnounceReply } from "@swarmtide/http-protocol";
import { announceTarget, httpGet } from "@swarmtide/test-kit";
import { ANNOUNCE_REPEATS, ANNOUNCES } from "../counters.ts";
import { ask, type Fixture, makeFixture } from "../testing/tracker-fixture.ts";

function announce(fixture: Fixture, from: string, more = "", ...headers: string[]) {
  const [answer] = ask(fixture, httpGet(announceTarget("a", 1000, more), ...headers), from);
  if (answer === undefined) throw new Error("no answer");
  assert.equal(answer.status, 200);
  const reply = readAnnounceReply(answer.body);
  assert.ok(reply.failureReason === undefined, reply.failureReason);
  return reply;
}

for (const [family, alice, bob] of [
  [4, "192.0.2.1", "192.0.2.2"],
  [6, "2001:db8::1", "2001:db8:0:1::2"],
] as const)
  test(`a peer that announces again within min_announce_interval gets counts and no peers over IPv${family}`, () => {
    const fixture = makeFixture({ limits: {} });
    announce(fixture, alice, "&left=0&event=started");
    assert.equal(announce(fixture, bob, "&left=5&event=started").peers.length, 1);
    const again = announce(fixture, bob, "&left=5");
    assert.deepEqual([again.peers, again.complete, again.incomplete], [[], 1, 1]);
    assert.equal(fixture.counters.sum(ANNOUNCE_REPEATS, family), 1);
    assert.equal(fixture.counters.sum(ANNOUNCES, family), 3);
    const withEvent = announce(fixture, bob, "&left=5&event=started");
    assert.equal(withEvent.peers.length, 1);
    assert.equal(announce(fixture, bob, "&left=0").complete, 2);
    assert.equal(fixture.counters.sum(ANNOUNCE_REPEATS, family), 1);
  });

test("behind a trusted proxy the client's address is exempt or not, never the proxy's", () => {
  const fixture = makeFixture({ limits: {}, trusted: ["127.0.0.1"] });
  announce(fixture, "127.0.0.1", "&left=5", "X-Forwarded-For: 192.0.2.1");
  announce(fixture, "127.0.0.1", "&left=5", "X-Forwarded-For: 192.0.2.2");
  assert.equal(fixture.counters.sum(ANNOUNCE_REPEATS), 0);
  announce(fixture, "127.0.0.1", "&left=5", "X-Forwarded-For: 192.0.2.2");
  assert.equal(fixture.counters.sum(ANNOUNCE_REPEATS), 1);
});
