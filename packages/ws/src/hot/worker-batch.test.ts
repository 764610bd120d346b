import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { formatAnnounce, RequestRecord, TrackerRequest } from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { TestTrackers } from "../testing/harness.ts";
import { idOf, nameOf, offerOf } from "../testing/test-client.ts";
import { REPLY_LATER } from "./swarm-limits.ts";
import {
  BatchWriter,
  RECORD_ANNOUNCE,
  RECORD_FRAME,
  RECORD_LEAVE,
  RECORD_TAKEN,
} from "./worker-batch.ts";
import { BatchReader } from "./worker-batch-reader.ts";
import { LINK_BYTES_MAX } from "./worker-delivery.ts";

const address = { worker: 0, connectionSlot: 3, connectionSerial: 4, addressHash: 5 };

/** The batch as the other side gets it: a copy, in memory of its own. */
const sent = (writer: BatchWriter) => writer.bytes.slice(0, writer.length);

test("the end of a connection is the sixteen bytes of the example", () => {
  const writer = new BatchWriter();
  writer.writeLeave({ worker: 0, connectionSlot: 7, connectionSerial: 42 });
  // kind 2, 16 bytes, connection slot 7, serial 42
  assert.equal(Buffer.from(sent(writer)).toString("hex"), "0200000010000000070000002a000000");
});

test("an announce reads back as it was, wherever its message lay and whatever stands around it", () => {
  const text = formatAnnounce({
    infoHash: Uint8Array.from({ length: 20 }, (_, index) => index * 13),
    peerId: idOf("ann"),
    left: 0,
    event: "completed",
    numwant: 5,
    offers: [offerOf("o1"), offerOf("o2", "é".repeat(333))],
    answer: { answer: { type: "answer", sdp: "x" }, toPeerId: idOf("bob"), offerId: idOf("o3") },
  });
  for (let shift = 0; shift < 5; shift++) {
    const bytes = new TextEncoder().encode(" ".repeat(shift) + text);
    const request = new TrackerRequest(10, 1);
    request.read(bytes, shift, bytes.length - shift);
    const writer = new BatchWriter();
    writer.writeLeave(address);
    writer.writeAnnounce(address, request, REPLY_LATER, true);
    writer.writeTaken(77);
    const reader = new BatchReader();
    reader.open(sent(writer));
    assert.equal(reader.next(), RECORD_LEAVE);
    assert.equal(reader.next(), RECORD_ANNOUNCE);
    assert.deepEqual([...reader.words.subarray(reader.at + 1, reader.at + 3)], [3, 4]);
    assert.deepEqual([reader.reply, reader.mayJoin], [REPLY_LATER, true]);
    const copy = new RequestRecord(10, 0);
    reader.readAnnounce(copy);
    const seen = (of: RequestRecord) => {
      const text = (start: number, end: number) =>
        Buffer.from(of.bytes.subarray(start, end)).toString("utf8");
      return [
        of.event,
        of.left,
        of.numwant,
        of.offers,
        of.hasAnswer,
        [...of.ids],
        [0, 1].map((offer) => {
          const id = new Uint8Array(20);
          of.readOfferId(offer, id, 0);
          return [...id];
        }),
        text(of.infoHashStart, of.infoHashEnd),
        text(of.peerIdStart, of.peerIdEnd),
        text(of.offerIdStart, of.offerIdEnd),
        text(of.answerStart, of.answerEnd),
        ...Array.from({ length: 4 }, (_, index) =>
          text(of.offerRanges[index * 2], of.offerRanges[index * 2 + 1]),
        ),
      ];
    };
    assert.deepEqual(seen(copy), seen(request));
    assert.equal(reader.next(), RECORD_TAKEN);
    assert.equal(reader.words[reader.at], 77);
    assert.equal(reader.next(), 0);
  }
});

test("frames of any length keep the records in line, and a batch grows as it must", () => {
  const writer = new BatchWriter();
  for (let length = 0; length < 300; length++) {
    writer.writeFrame(address, length % 4, length);
    writer.bytes.fill(length, writer.frameAt, writer.frameAt + length);
  }
  assert.ok(writer.length > 40_000);
  const reader = new BatchReader();
  reader.open(sent(writer));
  for (let length = 0; length < 300; length++) {
    assert.equal(reader.next(), RECORD_FRAME);
    assert.deepEqual(
      [...reader.words.subarray(reader.at, reader.at + 4)],
      [3, 4, length % 4, length],
    );
    const frame = reader.bytes.subarray(reader.frameAt, reader.frameAt + length);
    assert.ok(frame.every((byte) => byte === (length & 255)));
  }
  assert.equal(reader.next(), 0);
  writer.clear();
  assert.deepEqual([writer.length, writer.needsTaking], [0, false]);
});

test("a worker that takes nothing gets no more than its bound, and nothing is lost but what may be", () => {
  const trackers = new TestTrackers(2, { maxMessagesPerSecond: 0 });
  const ann = trackers.connect(0);
  ann.isStalled = true;
  const sdp = "x".repeat(10_000);
  const offers = Array.from({ length: 10 }, (_, index) => offerOf(index, sdp));
  const names = Array.from({ length: 40 }, (_, index) => `t${index}`);
  for (const torrent of names) ann.announce({ torrent, peer: "ann", left: 1 });
  trackers.settle();
  assert.ok(trackers.trackers[1].swarms.peers.table.length > 5);
  let bytesSent = 0;
  const [first] = trackers.trackers;
  for (let round = 0; round < 400; round++) {
    ann.announce({ torrent: names[round % 40], peer: "ann", offers });
    // The batches are not delivered: the other worker is stuck.
    bytesSent = trackers.flushWithoutDelivery(0);
  }
  assert.ok(bytesSent < LINK_BYTES_MAX + 300_000, String(bytesSent));
  assert.ok(trackers.count(columns.DROPPED_BETWEEN_WORKERS) > 10);
  ann.hangUp();
  trackers.settle();
  assert.equal(trackers.count(columns.TORRENTS), 0, "leaves are never left out");
  const bob = trackers.connect(0);
  for (const torrent of names) bob.announce({ torrent, peer: "bob", left: 1 });
  trackers.settle();
  assert.equal(bob.takeWords().length, 40, "and once it takes again all is well");
  assert.equal(first.needsFlush, false);
});

test("two workers in threads of their own bring two clients together over a message port", async () => {
  const worker = new Worker(new URL("../testing/tracker-thread.js", import.meta.url), {
    workerData: { threads: 2 },
  });
  const report = await new Promise<unknown>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
  assert.deepEqual(report, {
    offers: ["film: offer o1 of bob"],
    answers: ["film: answer o1 of ann"],
    scrape: ["film 1/1/0"],
  });
});

test("names of ids are read back", () => {
  assert.equal(nameOf(idOf("t1")), "t1");
});
