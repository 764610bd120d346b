import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { defaultConfig, readConfig } from "@swarmtide/toml-config";
import { ANNOUNCE_PAUSED } from "../announce/hot/role.ts";
import { SwarmCleaning } from "../store/cleaning.ts";
import type { SwarmStore } from "../store/hot/swarm-store.ts";
import { readSwarmTotals } from "../store/open-store.ts";
import { limitsSection, limitsWithin } from "./config.ts";
import { announceFrom, limitedStore } from "./testing/limited-store.ts";

const ALICE = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;

/** A store with a limit of 30 s, in which `others` other peers share torrent 1. */
function storeWithOthers(others: number, family: 4 | 6): SwarmStore {
  const store = limitedStore({ minAnnounceInterval: 30 });
  store.setNow(1000);
  for (let i = 1; i <= others; i++)
    store.announce(announceFrom(family === 4 ? `198.51.100.${i}` : `2001:db8:1::${i}`));
  return store;
}

for (const family of [4, 6] as const)
  for (const [form, others] of [
    ["small", 10],
    ["large", 100],
  ] as const)
    describe(`a peer of a ${form} IPv${family} swarm`, () => {
      const alice = ALICE[family];

      test("gets counts and no peers for what is certainly a repeat, and peers again from 28 s on", () => {
        const store = storeWithOthers(others, family);
        const first = Math.min(others, 50);
        assert.equal(store.announce(announceFrom(alice)), first);
        for (const [seconds, peers] of [
          [0, 0],
          [12, 0],
          [24, 0],
          [28, first],
          [28, 0],
          [28 + 27.9, 0],
          [28 + 28, first],
        ] as const) {
          store.setNow(1000 + seconds);
          assert.equal(store.announce(announceFrom(alice)), peers, `${seconds} s`);
          assert.equal(store.isRepeat, peers === 0);
          assert.equal(store.leechers, others + 1);
          assert.equal(store.stored, true);
        }
      });

      test("gets peers for every announce with an event or another role", () => {
        const store = storeWithOthers(others, family);
        const first = Math.min(others, 50);
        store.announce(announceFrom(alice));
        assert.equal(store.announce(announceFrom(alice, { hasEvent: true })), first);
        assert.equal(store.announce(announceFrom(alice, { seeder: true })), first);
        assert.deepEqual([store.seeders, store.leechers], [1, others]);
        assert.equal(store.announce(announceFrom(alice, { seeder: true })), 0);
        assert.equal(store.isRepeat, true);
        assert.equal(store.announce(announceFrom(alice)), first);
        const paused = announceFrom(alice);
        paused.flags = ANNOUNCE_PAUSED;
        assert.equal(store.announce(paused), first);
      });

      test("may stop at once, and come back at once", () => {
        const store = storeWithOthers(others, family);
        store.announce(announceFrom(alice));
        store.announce(announceFrom(alice, { stopped: true }));
        assert.equal(store.isRepeat, false);
        assert.equal(store.leechers, others);
        assert.equal(store.announce(announceFrom(alice)), Math.min(others, 50));
      });
    });

test("another port, another torrent and another address are not repeats", () => {
  const store = storeWithOthers(3, 4);
  store.announce(announceFrom(ALICE[4]));
  store.announce(announceFrom(ALICE[4], { port: 6882 }));
  assert.equal(store.isRepeat, false);
  store.announce(announceFrom(ALICE[4], { torrent: 2 }));
  assert.equal(store.isRepeat, false);
  store.announce(announceFrom("192.0.2.2"));
  assert.equal(store.isRepeat, false);
});

test("a peer that announces every second is kept, and gets peers every 28 seconds", () => {
  const store = storeWithOthers(3, 4);
  let withPeers = 0;
  for (let second = 0; second < 280; second++) {
    store.setNow(1000 + second);
    if (store.announce(announceFrom(ALICE[4])) > 0) withPeers++;
  }
  assert.equal(withPeers, 10);
  const cleaning = new SwarmCleaning(store, { nowSeconds: 1280, peerAgeSecondsMax: 60 });
  while (cleaning.step());
  assert.equal(readSwarmTotals(store).peersIpv4, 1);
});

test("0 switches it off", () => {
  const store = limitedStore({ minAnnounceInterval: 0 });
  store.announce(announceFrom("198.51.100.1"));
  for (let i = 0; i < 3; i++) assert.equal(store.announce(announceFrom(ALICE[4])), 1);
});

test("addresses in exempt ranges may repeat, their neighbours may not", () => {
  const store = limitedStore({
    minAnnounceInterval: 30,
    exempt: ["192.0.2.0/25", "2001:db8:0:1::/64", "2001:db8::7", "10.0.0.0/8"],
  });
  for (const [address, isExempt] of [
    ["192.0.2.0", true],
    ["192.0.2.127", true],
    ["192.0.2.128", false],
    ["192.0.1.255", false],
    ["10.255.255.255", true],
    ["11.0.0.0", false],
    ["2001:db8:0:1::", true],
    ["2001:db8:0:1:ffff:ffff:ffff:ffff", true],
    ["2001:db8:0:2::", false],
    ["2001:db8::7", true],
    ["2001:db8::8", false],
  ] as const) {
    store.announce(announceFrom(address));
    store.announce(announceFrom(address));
    assert.equal(store.isRepeat, !isExempt, address);
  }
});

test("by default a limit of 30 seconds spares loopback only", () => {
  const config = defaultConfig(limitsSection);
  assert.equal(config.minAnnounceInterval, 30);
  const store = limitedStore(config);
  for (const [address, isExempt] of [
    ["127.0.0.1", true],
    ["127.255.255.255", true],
    ["::1", true],
    ["::2", false],
    ["128.0.0.1", false],
  ] as const) {
    store.announce(announceFrom(address));
    store.announce(announceFrom(address));
    assert.equal(store.isRepeat, !isExempt, address);
  }
});

test("an exempt range that is malformed is refused by name", () => {
  assert.throws(
    () => readConfig(limitsSection, 'exempt = ["::1", "10.0.0.1/8"]', "test.toml"),
    /exempt.*not "10\.0\.0\.1\/8"/,
  );
});

test("who waits half of the interval that is told is no repeat, and a long interval changes nothing", () => {
  const limits = defaultConfig(limitsSection);
  for (const [toldSeconds, expected] of [
    [900, 30],
    [60, 30],
    [59, 29],
    [10, 5],
    [1, 0],
  ] as const)
    assert.deepEqual(limitsWithin(limits, toldSeconds), {
      ...limits,
      minAnnounceInterval: expected,
    });
});
