import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnnounceReply } from "@swarmtide/http-protocol";
import { AccessList, Admission, buildAddressList } from "@swarmtide/swarm";
import { announceTarget, httpGet } from "@swarmtide/test-kit";
import {
  ANNOUNCE_REPEATS,
  ANNOUNCES,
  ERRORS,
  LIMITED_ADDRESSES,
  LIMITED_PEERS,
  LIMITED_SCRAPES,
  LIMITED_TORRENTS,
  NOT_STORED,
  OVERLOAD_REPEATS,
} from "../counters.ts";
import { ask, type Fixture, makeFixture } from "../testing/tracker-fixture.ts";

function announce(fixture: Fixture, from: string, more = "", ...headers: string[]) {
  const [answer] = ask(fixture, httpGet(announceTarget("a", 1000, more), ...headers), from);
  if (answer === undefined) throw new Error("no answer");
  assert.equal(answer.status, 200);
  const reply = readAnnounceReply(answer.body);
  assert.ok(reply.failureReason === undefined, reply.failureReason);
  return reply;
}

/** The failure reason that answers this target, with its `retry in`; undefined for an answer that is none. */
function failure(fixture: Fixture, from: string, target: string) {
  const [answer] = ask(fixture, httpGet(target), from);
  assert.equal(answer?.status, 200);
  const reason = /14:failure reason\d+:([a-z ,]+)8:retry in\d+:(\w+)e$/.exec(answer?.text ?? "");
  return reason === null ? undefined : { reason: reason[1], retryIn: reason[2] };
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

test("a worker that is behind refuses repeats, and no other announce and no scrape", () => {
  const fixture = makeFixture({ limits: {} });
  const target = announceTarget("a", 1000, "&left=5");
  const scrape = `/scrape?info_hash=${"a".repeat(20)}`;
  assert.equal(failure(fixture, "192.0.2.1", target), undefined);
  fixture.handler.isBehind = true;
  // The first one is noted.
  assert.equal(failure(fixture, "192.0.2.1", target), undefined);
  const busy = { reason: "this tracker is busy, and you announced a moment ago", retryIn: "1" };
  assert.deepEqual(failure(fixture, "192.0.2.1", target), busy);
  assert.equal(fixture.counters.sum(OVERLOAD_REPEATS), 1);
  for (const other of [
    announceTarget("a", 1000, "&left=0"),
    announceTarget("a", 1000, "&left=5&event=started"),
    announceTarget("a", 1001, "&left=5"),
    announceTarget("b", 1000, "&left=5"),
    scrape,
    scrape,
  ])
    assert.equal(failure(fixture, "192.0.2.1", other), undefined, other);
  for (let i = 0; i < 3; i++) assert.equal(failure(fixture, "127.0.0.1", target), undefined);
  fixture.store.setNow(60);
  assert.equal(failure(fixture, "192.0.2.1", target), undefined);
  fixture.handler.isBehind = false;
  assert.equal(failure(fixture, "192.0.2.1", target), undefined);
  assert.equal(fixture.counters.sum(OVERLOAD_REPEATS), 1);
});

for (const [family, alice, bob] of [
  [4, "192.0.2.1", "192.0.2.2"],
  [6, "2001:db8::1", "2001:db8:0:1::2"],
] as const) {
  test(`an IPv${family} address is told that too many of its peers are in the torrent`, () => {
    const fixture = makeFixture({ limits: { maxPeersPerAddress: 2 } });
    ask(fixture, httpGet(announceTarget("a", 1)) + httpGet(announceTarget("a", 2)), alice);
    assert.deepEqual(failure(fixture, alice, announceTarget("a", 3)), {
      reason: "too many peers of your address are in this torrent",
      retryIn: "20",
    });
    assert.equal(failure(fixture, bob, announceTarget("a", 3)), undefined);
    const { counters } = fixture;
    assert.equal(counters.sum(LIMITED_PEERS, family), 1);
    assert.equal(counters.sum(ERRORS, family), 1);
    assert.equal(counters.sum(NOT_STORED, family), 0);
  });

  test(`an IPv${family} address is told that it is in too many torrents`, () => {
    const fixture = makeFixture({ limits: { maxTorrentsPerAddress: 2 } });
    ask(fixture, httpGet(announceTarget("a", 1)) + httpGet(announceTarget("b", 1)), alice);
    assert.deepEqual(failure(fixture, alice, announceTarget("c", 1)), {
      reason: "your address is in too many torrents on this tracker",
      retryIn: "20",
    });
    assert.equal(failure(fixture, bob, announceTarget("c", 1)), undefined);
    assert.equal(fixture.counters.sum(LIMITED_TORRENTS, family), 1);
  });

  test(`an IPv${family} address is told to wait with its scrapes`, () => {
    const fixture = makeFixture({ limits: { maxScrapesPerAddress: 2 } });
    const target = `/scrape?info_hash=${"a".repeat(20)}`;
    for (let i = 0; i < 2; i++) assert.equal(failure(fixture, alice, target), undefined);
    assert.deepEqual(failure(fixture, alice, target), {
      reason: "too many scrapes from your address, wait a second",
      retryIn: "1",
    });
    assert.equal(failure(fixture, bob, target), undefined);
    fixture.store.setNow(1);
    assert.equal(failure(fixture, alice, target), undefined);
    assert.equal(fixture.counters.sum(LIMITED_SCRAPES, family), 1);
  });
}

test("an address that the list refuses is told so, announces and scrapes alike, and behind a proxy", () => {
  const addresses = buildAddressList("deny", Buffer.from("192.0.2.1\n2001:db8::/64"));
  const accessList = AccessList.attach({ ...AccessList.build({ mode: "off" }), addresses });
  const fixture = makeFixture({ admission: new Admission(accessList), trusted: ["127.0.0.1"] });
  const refused = /^d14:failure reason\d+:your address is not allowed on this trackere$/;
  for (const target of [announceTarget("a", 1), `/scrape?info_hash=${"a".repeat(20)}`]) {
    for (const from of ["192.0.2.1", "2001:db8::1"])
      assert.match(ask(fixture, httpGet(target), from)[0]?.text ?? "", refused);
    for (const from of ["192.0.2.2", "2001:db8:0:1::1"])
      assert.doesNotMatch(ask(fixture, httpGet(target), from)[0]?.text ?? "", refused);
    const forwarded = httpGet(target, "X-Forwarded-For: 192.0.2.1");
    assert.match(ask(fixture, forwarded, "127.0.0.1")[0]?.text ?? "", refused);
  }
  assert.equal(fixture.counters.sum(LIMITED_ADDRESSES), 6);
});
