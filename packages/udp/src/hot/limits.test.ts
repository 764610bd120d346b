import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ANNOUNCE_REPEATS, ANNOUNCES } from "../counters.ts";
import { readAnnounceReply, TestTracker } from "../testing/tracker-client.ts";

const ALICE = [192, 0, 2, 1];
const BOB = [192, 0, 2, 2];
const ALICE6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const BOB6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2];
const LOOPBACK = [127, 0, 0, 1];

const STARTED = 2;

describe("a peer that announces again within min_announce_interval", () => {
  for (const [family, alice, bob] of [
    [4, ALICE, BOB],
    [6, ALICE6, BOB6],
  ] as const)
    test(`gets counts and no peers over IPv${family}, and is counted`, () => {
      const tracker = new TestTracker({ limits: {} });
      tracker.announce(alice, { left: 0n, event: STARTED });
      const first = readAnnounceReply(tracker.announce(bob, { event: STARTED }), family);
      assert.equal(first.peers.length, 1);
      const again = readAnnounceReply(tracker.announce(bob), family);
      assert.deepEqual([again.peers, again.leechers, again.seeders], [[], 1, 1]);
      assert.ok(again.intervalSeconds >= 810);
      assert.equal(tracker.count(ANNOUNCE_REPEATS), 1);
      assert.equal(tracker.count(ANNOUNCES), 3);
      const completed = readAnnounceReply(tracker.announce(bob, { event: 1, left: 0n }), family);
      assert.deepEqual([completed.leechers, completed.seeders], [0, 2]);
      assert.equal(tracker.count(ANNOUNCE_REPEATS), 1);
    });

  test("gets peers again once the interval has passed", () => {
    const tracker = new TestTracker({ limits: { minAnnounceInterval: 60 } });
    tracker.announce(ALICE);
    tracker.announce(BOB);
    for (const [seconds, peers] of [
      [1056, 0],
      [1060, 1],
      [1061, 0],
    ] as const) {
      tracker.tracker.setNow(seconds);
      assert.equal(readAnnounceReply(tracker.announce(BOB), 4).peers.length, peers, `${seconds}`);
    }
  });

  test("gets peers from loopback, which is exempt by default", () => {
    const tracker = new TestTracker({ limits: {} });
    tracker.announce(ALICE);
    for (let i = 0; i < 3; i++)
      assert.equal(readAnnounceReply(tracker.announce(LOOPBACK), 4).peers.length, 1);
    assert.equal(tracker.count(ANNOUNCE_REPEATS), 0);
  });
});
