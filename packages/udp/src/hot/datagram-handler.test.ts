import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AccessList, readSwarmTotals } from "@swarmtide/swarm";
import { UDP_ANNOUNCE_UNKNOWN_EVENT } from "@swarmtide/udp-protocol";
import {
  ANNOUNCES,
  CONNECTS,
  DROPPED_CONNECTION_ID,
  NOT_STORED,
  REFUSED_TORRENTS,
  REQUESTS_BY_STATUS,
  SCRAPES,
} from "../counters.ts";
import {
  announceRequest,
  connectRequest,
  infoHash,
  readAnnounceReply,
  readError,
  scrapeRequest,
  TestTracker,
  TRANSACTION_ID,
} from "../testing/tracker-client.ts";

const ALICE = [10, 0, 0, 1];
const BOB = [10, 0, 0, 2];
const ALICE6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const BOB6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

const listOf = (mode: "allow" | "deny", ...hashes: Uint8Array[]) =>
  AccessList.attach(AccessList.build({ mode, hashes: Buffer.concat(hashes) }));

function scrapeCounts(reply: Buffer): number[][] {
  assert.equal(reply.readInt32BE(0), 2);
  assert.equal(reply.readInt32BE(4), TRANSACTION_ID);
  assert.equal((reply.length - 8) % 12, 0);
  return Array.from({ length: (reply.length - 8) / 12 }, (_, i) =>
    [8, 12, 16].map((offset) => reply.readInt32BE(offset + i * 12)),
  );
}

describe("connect", () => {
  test("is answered with 16 bytes: action 0, the transaction id, a connection id", () => {
    const tracker = new TestTracker();
    const reply = tracker.send(connectRequest(), ALICE);
    assert.equal(reply.length, 16);
    assert.equal(reply.readInt32BE(0), 0);
    assert.equal(reply.readInt32BE(4), TRANSACTION_ID);
    assert.equal(tracker.count(CONNECTS), 1);
  });

  test("ignores bytes behind it", () => {
    const longer = Buffer.concat([connectRequest(), Buffer.alloc(100)]);
    assert.equal(new TestTracker().send(longer, ALICE).length, 16);
  });
});

describe("announce", () => {
  for (const [family, alice, bob] of [
    [4, ALICE, BOB],
    [6, ALICE6, BOB6],
  ] as const) {
    test(`two IPv${family} peers find each other by source address and announced port`, () => {
      const tracker = new TestTracker();
      // The address field of the request is another one and is ignored.
      tracker.announce(alice, { port: 1000, left: 0n, ip: 0x08080808 });
      const reply = readAnnounceReply(tracker.announce(bob, { port: 2000 }), family);
      assert.deepEqual(reply.peers, [`${Buffer.from(alice).toString("hex")}:1000`]);
      assert.deepEqual([reply.leechers, reply.seeders], [1, 1]);
    });
  }

  test("counts include the asker and a seeder gets leechers only", () => {
    const tracker = new TestTracker();
    tracker.announce(ALICE, { left: 0n });
    const reply = readAnnounceReply(tracker.announce(BOB, { left: 0n }), 4);
    assert.deepEqual([reply.leechers, reply.seeders, reply.peers.length], [0, 2, 0]);
  });

  test("left is 0 for a seeder; any other value, negative ones too, is a leecher's", () => {
    for (const [left, seeders] of [
      [0n, 1],
      [1n, 0],
      [-1n, 0],
      [1n << 32n, 0],
      [-(1n << 63n), 0],
    ] as const)
      assert.equal(
        readAnnounceReply(new TestTracker().announce(ALICE, { left }), 4).seeders,
        seeders,
      );
  });

  test("completed with an unknown left is a seeder, as over HTTP and WebTorrent; without it a leecher", () => {
    for (const [event, left, seeders] of [
      [1, -1n, 1],
      [1, 0n, 1],
      [1, 5n, 0],
      [1, -2n, 0],
      [0, -1n, 0],
      [4, 0n, 1],
    ] as const)
      assert.equal(
        readAnnounceReply(new TestTracker().announce(ALICE, { event, left }), 4).seeders,
        seeders,
        `event ${event}, left ${left}`,
      );
  });

  test("an event that nobody knows counts as none, and is counted", () => {
    const tracker = new TestTracker();
    const unknown = [5, 6, 255, -1, 0x01000000];
    for (const event of unknown)
      assert.equal(readAnnounceReply(tracker.announce(ALICE, { event, left: 0n }), 4).seeders, 1);
    const column = REQUESTS_BY_STATUS[UDP_ANNOUNCE_UNKNOWN_EVENT];
    assert.equal(column === undefined ? 0 : tracker.count(column), unknown.length);
    assert.equal(tracker.count(ANNOUNCES), unknown.length);
  });

  test("stopped gets counts without the asker and no peers", () => {
    const tracker = new TestTracker();
    tracker.announce(ALICE, {});
    tracker.announce(BOB, {});
    const reply = readAnnounceReply(tracker.announce(BOB, { event: 3 }), 4);
    assert.deepEqual([reply.leechers, reply.seeders, reply.peers], [1, 0, []]);
  });

  test("paused, event 4, is answered; the partial seed is a leecher that others find", () => {
    const tracker = new TestTracker();
    const reply = readAnnounceReply(tracker.announce(ALICE, { event: 4 }), 4);
    assert.deepEqual([reply.leechers, reply.seeders], [1, 0]);
    assert.equal(readAnnounceReply(tracker.announce(BOB), 4).peers.length, 1);
  });

  test("completed by a known leecher is counted once and shown by a scrape", () => {
    const tracker = new TestTracker();
    tracker.announce(ALICE, {});
    for (let i = 0; i < 3; i++) tracker.announce(ALICE, { event: 1, left: 0n });
    tracker.announce(BOB, { event: 1, left: 0n });
    const reply = tracker.send(scrapeRequest(tracker.connect(BOB), [infoHash(1)]), BOB);
    assert.deepEqual(scrapeCounts(reply), [[2, 1, 0]]);
  });

  test("wanted: negative means the maximum, 0 none, else the smaller of both, to the peer", () => {
    const tracker = new TestTracker({ config: { maxResponsePeers: 10 } });
    for (let i = 1; i <= 20; i++) tracker.announce([10, 1, 0, i], {});
    for (const [wanted, count] of [
      [-1, 10],
      [-(2 ** 31), 10],
      [0, 0],
      [1, 1],
      [7, 7],
      [10, 10],
      [11, 10],
      [2 ** 31 - 1, 10],
    ] as const)
      assert.equal(readAnnounceReply(tracker.announce(ALICE, { wanted }), 4).peers.length, count);
  });

  test("the interval varies by ten percent about the configured one", () => {
    const tracker = new TestTracker();
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++)
      seen.add(readAnnounceReply(tracker.announce(ALICE), 4).intervalSeconds);
    assert.equal(Math.min(...seen), 810);
    assert.equal(Math.max(...seen), 990);
  });

  test("bytes behind it, BEP 41 options among them, are accepted", () => {
    const tracker = new TestTracker();
    const request = announceRequest(tracker.connect(ALICE));
    for (const more of [[2, 3, 65, 66, 67, 0], [1, 1, 1], [2, 255, 1], [9]])
      readAnnounceReply(tracker.send(Buffer.concat([request, Buffer.from(more)]), ALICE), 4);
  });

  test("port 0 with a valid connection id is an error, nothing is stored", () => {
    const tracker = new TestTracker();
    assert.match(readError(tracker.announce(ALICE, { port: 0 })), /port 0/);
    assert.equal(readSwarmTotals(tracker.store).peersIpv4, 0);
  });

  test("in a full store is answered and counted, though not stored", () => {
    const tracker = new TestTracker({ memoryBytesMax: 0 });
    // Two announces each: a torrent whose only peer announced once would make room for the next.
    for (let i = 0; i < 120_000 && tracker.count(NOT_STORED) === 0; i++)
      readAnnounceReply(tracker.announce(ALICE, { infoHash: i >> 1 }), 4);
    assert.equal(tracker.count(NOT_STORED), 1);
  });
});

describe("scrape", () => {
  test("answers in the order asked, zeros for what is unknown", () => {
    const tracker = new TestTracker();
    tracker.announce(ALICE, { infoHash: 1, left: 0n });
    tracker.announce(BOB, { infoHash: 2 });
    const hashes = [infoHash(2), infoHash(3), infoHash(1)];
    const reply = tracker.send(scrapeRequest(tracker.connect(BOB), hashes), BOB);
    assert.deepEqual(scrapeCounts(reply), [
      [0, 0, 1],
      [0, 0, 0],
      [1, 0, 0],
    ]);
    assert.equal(readSwarmTotals(tracker.store).torrents, 2, "a scrape creates nothing");
  });

  test("of more torrents than the limit answers the first ones", () => {
    const tracker = new TestTracker({ config: { maxScrapeTorrents: 5 } });
    const hashes = Array.from({ length: 9 }, (_, i) => infoHash(i));
    const reply = tracker.send(scrapeRequest(tracker.connect(BOB), hashes), BOB);
    assert.equal(scrapeCounts(reply).length, 5);
  });

  test("without a hash, or with a part of one, is an error to a valid connection id", () => {
    const tracker = new TestTracker();
    const id = tracker.connect(ALICE);
    assert.match(readError(tracker.send(scrapeRequest(id, []), ALICE)), /no info hash/);
    const partial = scrapeRequest(id, [infoHash(1), Buffer.alloc(7)]);
    assert.match(readError(tracker.send(partial, ALICE)), /ends within/);
  });

  test("over IPv6 counts the IPv6 swarm only", () => {
    const tracker = new TestTracker();
    tracker.announce(ALICE, {});
    const reply = tracker.send(scrapeRequest(tracker.connect(BOB6), [infoHash(1)]), BOB6);
    assert.deepEqual(scrapeCounts(reply), [[0, 0, 0]]);
  });
});

describe("silence", () => {
  const idOfAnother = (tracker: TestTracker) => tracker.connect(BOB);

  test("a connection id of another address, a constant or an old one gets no answer", () => {
    const tracker = new TestTracker();
    const good = tracker.connect(ALICE);
    const magic = connectRequest().subarray(0, 8);
    const flipped = Buffer.from(good);
    flipped[3] = (flipped[3] ?? 0) ^ 1;
    const ids = [idOfAnother(tracker), magic, Buffer.alloc(8), Buffer.alloc(8, 255), flipped];
    for (const id of ids) {
      for (const port of [0, 6881])
        assert.equal(tracker.send(announceRequest(id, { port }), ALICE).length, 0);
      // A scrape and its errors need the id as well.
      for (const hashes of [[infoHash(1)], [], [Buffer.alloc(3)]])
        assert.equal(tracker.send(scrapeRequest(id, hashes), ALICE).length, 0);
    }
    assert.equal(tracker.count(DROPPED_CONNECTION_ID), ids.length * 5);
    tracker.tracker.setNow(1000 + 121);
    assert.equal(tracker.send(announceRequest(good), ALICE).length, 0);
    assert.equal(readSwarmTotals(tracker.store).peersIpv4, 0);
  });

  test("malformed datagrams get no answer, with a valid connection id too", () => {
    const tracker = new TestTracker();
    const announce = announceRequest(tracker.connect(ALICE));
    for (let length = 0; length < 98; length++)
      assert.equal(tracker.send(announce.subarray(0, length), ALICE).length, 0, `${length} bytes`);
    for (let length = 0; length < 16; length++)
      assert.equal(tracker.send(connectRequest().subarray(0, length), ALICE).length, 0);
    for (const action of [3, 4, 255, -1, 0x01000000]) {
      const other = Buffer.from(announce);
      other.writeInt32BE(action, 8);
      assert.equal(tracker.send(other, ALICE).length, 0, `action ${action}`);
    }
    const wrongMagic = connectRequest();
    wrongMagic[7] = 0x81;
    assert.equal(tracker.send(wrongMagic, ALICE).length, 0);
  });
});

describe("access list", () => {
  test("deny refuses a listed torrent with an error and reads as zeros in a scrape", () => {
    const tracker = new TestTracker();
    tracker.announce(ALICE, { infoHash: 1 });
    tracker.announce(ALICE, { infoHash: 2 });
    tracker.tracker.admission.replace(listOf("deny", infoHash(1)));
    assert.match(readError(tracker.announce(BOB, { infoHash: 1 })), /not allowed/);
    readAnnounceReply(tracker.announce(BOB, { infoHash: 2 }), 4);
    const hashes = [infoHash(1), infoHash(2)];
    const reply = tracker.send(scrapeRequest(tracker.connect(BOB), hashes), BOB);
    assert.deepEqual(scrapeCounts(reply), [
      [0, 0, 0],
      [0, 0, 2],
    ]);
    assert.equal(tracker.count(REFUSED_TORRENTS), 2);
    assert.equal(tracker.count(ANNOUNCES), 4);
    assert.equal(tracker.count(SCRAPES), 1);
  });

  test("allow serves listed torrents only", () => {
    const tracker = new TestTracker({ accessList: listOf("allow", infoHash(1)) });
    readAnnounceReply(tracker.announce(BOB, { infoHash: 1 }), 4);
    assert.match(readError(tracker.announce(BOB, { infoHash: 2 })), /not allowed/);
    assert.equal(readSwarmTotals(tracker.store).torrents, 1);
  });
});
