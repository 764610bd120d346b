import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AccessList, buildAddressList } from "@swarmtide/swarm";
import {
  ANNOUNCE_REPEATS,
  ANNOUNCES,
  DROPPED_BEHIND,
  ERRORS,
  LIMITED_ADDRESSES,
  LIMITED_PEERS,
  LIMITED_SCRAPES,
  LIMITED_TORRENTS,
  NOT_STORED,
  SCRAPES,
} from "../counters.ts";
import {
  infoHash,
  readAnnounceReply,
  readError,
  scrapeRequest,
  TestTracker,
} from "../testing/tracker-client.ts";

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

for (const [family, alice, bob] of [
  [4, ALICE, BOB],
  [6, ALICE6, BOB6],
] as const)
  describe(`an IPv${family} address at its limit`, () => {
    test("is told that too many of its peers are in the torrent", () => {
      const tracker = new TestTracker({ limits: { maxPeersPerAddress: 2 } });
      tracker.announce(alice, { port: 1 });
      tracker.announce(alice, { port: 2 });
      assert.equal(
        readError(tracker.announce(alice, { port: 3 })),
        "too many peers of your address are in this torrent",
      );
      assert.equal(readAnnounceReply(tracker.announce(bob, { port: 3 }), family).leechers, 3);
      assert.deepEqual(
        [LIMITED_PEERS, ERRORS, ANNOUNCES, NOT_STORED].map((c) => tracker.count(c)),
        [1, 1, 4, 0],
      );
    });

    test("is told that it is in too many torrents", () => {
      const tracker = new TestTracker({ limits: { maxTorrentsPerAddress: 2 } });
      tracker.announce(alice, { infoHash: 1 });
      tracker.announce(alice, { infoHash: 2 });
      assert.equal(
        readError(tracker.announce(alice, { infoHash: 3 })),
        "your address is in too many torrents on this tracker",
      );
      assert.equal(readAnnounceReply(tracker.announce(bob, { infoHash: 3 }), family).leechers, 1);
      assert.deepEqual(
        [LIMITED_TORRENTS, ERRORS].map((c) => tracker.count(c)),
        [1, 1],
      );
    });

    test("is told to wait a second with its scrapes", () => {
      const tracker = new TestTracker({ limits: { maxScrapesPerAddress: 2 } });
      const scrape = (from: readonly number[]) =>
        tracker.send(scrapeRequest(tracker.connect(from), [infoHash(1)]), from);
      assert.equal(scrape(alice).length, 20);
      assert.equal(scrape(alice).length, 20);
      assert.equal(readError(scrape(alice)), "too many scrapes from your address, wait a second");
      assert.equal(scrape(bob).length, 20);
      tracker.tracker.setNow(1001);
      assert.equal(scrape(alice).length, 20);
      assert.deepEqual(
        [LIMITED_SCRAPES, SCRAPES, ERRORS].map((c) => tracker.count(c)),
        [1, 5, 1],
      );
    });

    test("gets no error without a valid connection id", () => {
      const tracker = new TestTracker({ limits: { maxScrapesPerAddress: 1 } });
      tracker.send(scrapeRequest(tracker.connect(alice), [infoHash(1)]), alice);
      assert.equal(tracker.send(scrapeRequest(Buffer.alloc(8), [infoHash(1)]), alice).length, 0);
      assert.equal(tracker.count(LIMITED_SCRAPES), 0);
    });
  });

test("an address that the list refuses gets connection ids and errors, in both families", () => {
  const deny = (text: string) =>
    AccessList.attach({
      ...AccessList.build({ mode: "off" }),
      addresses: buildAddressList("deny", Buffer.from(text)),
    });
  const tracker = new TestTracker({ accessList: deny("192.0.2.1\n2001:db8::/64") });
  for (const alice of [ALICE, ALICE6]) {
    assert.equal(readError(tracker.announce(alice)), "your address is not allowed on this tracker");
    const scrape = scrapeRequest(tracker.connect(alice), [infoHash(1)]);
    assert.equal(
      readError(tracker.send(scrape, alice)),
      "your address is not allowed on this tracker",
    );
    assert.equal(tracker.send(scrapeRequest(Buffer.alloc(8), [infoHash(1)]), alice).length, 0);
  }
  assert.equal(readAnnounceReply(tracker.announce(BOB), 4).leechers, 1);
  assert.equal(readAnnounceReply(tracker.announce(BOB6), 6).leechers, 1);
  assert.deepEqual(
    [LIMITED_ADDRESSES, ERRORS].map((c) => tracker.count(c)),
    [4, 4],
  );
  tracker.tracker.admission.replace(deny("192.0.2.2"));
  assert.equal(readAnnounceReply(tracker.announce(ALICE), 4).leechers, 2);
  assert.equal(readError(tracker.announce(BOB)), "your address is not allowed on this tracker");
});

test("a worker that is behind drops repeats unanswered, whatever else there is gets its answer", () => {
  const tracker = new TestTracker({ limits: {} });
  const repeats = (from: readonly number[], fields = {}) => tracker.announce(from, fields).length;
  repeats(ALICE);
  tracker.tracker.isBehind = true;
  for (const peer of [ALICE, ALICE6]) {
    assert.ok(repeats(peer) > 0, "the first that it notes");
    assert.equal(repeats(peer), 0);
    assert.equal(repeats(peer), 0);
    assert.ok(repeats(peer, { event: STARTED }) > 0, "an event");
    assert.ok(repeats(peer, { left: 0n }) > 0, "another role");
    assert.ok(repeats(peer, { port: 7000 }) > 0, "another peer");
    assert.ok(repeats(peer, { infoHash: 2 }) > 0, "another torrent");
    assert.equal(
      tracker.send(scrapeRequest(tracker.connect(peer), [infoHash(99)]), peer).length,
      20,
    );
  }
  assert.ok(repeats(LOOPBACK) > 0);
  assert.ok(repeats(LOOPBACK) > 0, "exempt");
  assert.equal(tracker.count(DROPPED_BEHIND), 4);
  tracker.tracker.setNow(1032);
  assert.ok(repeats(ALICE) > 0, "half a minute later");
  assert.equal(repeats(ALICE), 0);
  tracker.tracker.isBehind = false;
  assert.equal(repeats(ALICE), 20, "no longer behind: counts and no peers");
});
