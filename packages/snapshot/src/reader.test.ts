import assert from "node:assert/strict";
import { test } from "node:test";
import { readSwarmTotals, type SwarmStore } from "@swarmtide/swarm";
import fc from "fast-check";
import { SnapshotReader, UnreadableStream } from "./reader.ts";
import { encodeChunkHeader, encodeStreamHeader } from "./records/chunk.ts";
import { crc32 } from "./records/crc32.ts";
import { CHUNK_SWARMS } from "./records/layout.ts";
import { memorySource } from "./testing/memory-source.ts";
import { announce, linesOf, openStore, restoreStream, writeStream } from "./testing/swarms.ts";

/** Enough for several chunks: 262,144 bytes each, 38 for a torrent of one peer. */
function severalChunks(): SwarmStore {
  const store = openStore();
  for (let torrent = 0; torrent < 30_000; torrent++) announce(store, torrent, 1);
  return store;
}

/** Memory that 200 torrents fit in; a store of this size is made in a fraction of the time. */
const SMALL_MIB = 4;

const written = writeStream(severalChunks());

/** What the reader says of some bytes; restored into a store that is thrown away. */
function restoreOf(bytes: Uint8Array, into = openStore()) {
  const { reader } = restoreStream(bytes, into);
  return { reader, peers: readSwarmTotals(into).peersIpv4, into };
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}

test("a whole stream has no problems", () => {
  const { reader, peers } = restoreOf(written.bytes);
  assert.deepEqual([reader.isWhole, reader.problems, reader.chunks], [true, [], 5]);
  assert.equal(peers, 30_000);
});

test("a stream cut at any border or in the middle of any piece is told as cut and gives what came before", () => {
  const { bytes, borders } = written;
  for (const [i, border] of borders.entries()) {
    const middle = border + Math.floor(((borders[i + 1] ?? border) - border) / 2);
    for (const cut of [border, middle, border - 1]) {
      if (cut < 32 || cut >= bytes.length) continue;
      const { reader, peers } = restoreOf(bytes.slice(0, cut));
      assert.equal(reader.isWhole, false);
      assert.match(reader.problems[0] ?? "", new RegExp(`^byte ${cut}: cut`));
      assert.equal(peers, reader.peersIpv4);
      // The pieces are the stream's header, then a header and a body for each chunk.
      const wholeChunks = Math.floor((borders.filter((one) => one <= cut).length - 2) / 2);
      assert.equal(reader.chunks, Math.max(0, wholeChunks));
    }
  }
});

test("a damaged body is passed over: all other chunks are restored", () => {
  const { bytes, borders } = written;
  const bodyAt = borders[4] ?? 0;
  const { reader, peers } = restoreOf(changed(bytes, bodyAt + 1000));
  assert.equal(reader.problems[0], `byte ${bodyAt}: the body of chunk 1 is damaged`);
  assert.match(reader.problems[1] ?? "", /\d+ records are missing/);
  assert.equal(reader.chunks, 4);
  assert.equal(peers, reader.peersIpv4);
});

test("behind a damaged header the next sound one is found", () => {
  const { bytes, borders } = written;
  const headerAt = borders[3] ?? 0;
  const { reader } = restoreOf(changed(bytes, headerAt + 26));
  assert.deepEqual(reader.problems.slice(0, 2), [
    `byte ${headerAt}: the header of a chunk is damaged; up to byte ${borders[5]}`,
    `byte ${borders[5]}: chunk 2 follows where 1 is expected`,
  ]);
  assert.equal(reader.chunks, 4);
});

test("a damaged header of the end, and bytes behind a sound end, are told", () => {
  const { bytes, borders } = written;
  const endAt = borders.at(-3) ?? 0;
  const damaged = restoreOf(changed(bytes, endAt + 5));
  assert.match(damaged.reader.problems[0] ?? "", /nothing behind it is sound/);
  assert.equal(damaged.peers, 30_000);
  const longer = restoreOf(new Uint8Array([...bytes, 1, 2, 3]));
  assert.match(longer.reader.problems[0] ?? "", /3 bytes follow behind the end/);
  assert.equal(longer.reader.isWhole, false);
});

test("chunks that are missing, doubled or swapped are told by their numbers", () => {
  const { bytes, borders } = written;
  const chunk = (number: number) =>
    bytes.slice(borders[1 + 2 * number], borders[3 + 2 * number] ?? bytes.length);
  const stream = (...numbers: number[]) =>
    new Uint8Array(Buffer.concat([bytes.slice(0, 32), ...numbers.map(chunk)]));
  assert.equal(restoreOf(stream(0, 1, 2, 3, 4, 5)).reader.isWhole, true);
  for (const numbers of [
    [0, 1, 3, 4, 5],
    [0, 1, 1, 2, 3, 4, 5],
    [1, 0, 2, 3, 4, 5],
  ]) {
    const { reader } = restoreOf(stream(...numbers));
    assert.equal(reader.isWhole, false);
    assert.match(reader.problems[0] ?? "", /follows where/);
  }
});

test("a chunk whose CRCs are right but whose records are not as its header says is told", () => {
  const body = written.bytes.slice(written.borders[2] ?? 0, (written.borders[2] ?? 0) + 100);
  const counts = { records: 1, peersIpv4: 1, peersIpv6: 0, number: 0, atSeconds: 0 };
  const header = encodeChunkHeader({
    kind: CHUNK_SWARMS,
    ...counts,
    bodyBytes: body.length,
    storedBytes: body.length,
    bodyCrc: crc32(body),
  });
  const start = encodeStreamHeader({ compression: "none", begunAtSeconds: 0 });
  const { reader } = restoreOf(new Uint8Array([...start, ...header, ...body]));
  assert.match(reader.problems[0] ?? "", /records are not as its header says/);
});

test("what is not a stream, of another version, damaged or compressed by what is missing is refused with the reason", () => {
  const header = encodeStreamHeader({ compression: "none", begunAtSeconds: 0 });
  const open = (bytes: Uint8Array) => () => new SnapshotReader(memorySource(bytes));
  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof UnreadableStream && message.test(error.message);
  assert.throws(open(new Uint8Array(0)), refused(/cut within the first 32 bytes/));
  assert.throws(open(header.slice(0, 31)), refused(/cut within the first 32 bytes/));
  assert.throws(open(new TextEncoder().encode("x".repeat(99))), refused(/not a snapshot/));
  assert.throws(open(header.with(9, 2)), refused(/version 2 of the format by a newer swarmtide/));
  assert.throws(open(header.with(9, 0)), refused(/version 0 of the format by an older swarmtide/));
  assert.throws(open(header.with(15, 2)), refused(/its header is damaged/));
});

test("a stream that was changed anywhere is restored or told, and brings no peer that was not written", () => {
  const store = openStore();
  for (let torrent = 0; torrent < 200; torrent++) announce(store, torrent, 1, torrent % 2 ? 4 : 6);
  for (const compression of ["none", "gzip"] as const) {
    const { bytes } = writeStream(store, { compression });
    const known = new Set(linesOf(store, 0));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const copy = bytes.slice();
        copy[at] = (copy[at] ?? 0) ^ (1 << bit);
        try {
          const { reader, into } = restoreOf(copy, openStore(SMALL_MIB));
          assert.ok(!reader.isWhole);
          assert.deepEqual(
            linesOf(into, 0).filter((line) => !known.has(line)),
            [],
          );
        } catch (error) {
          if (!(error instanceof UnreadableStream)) throw error;
        }
      }),
      { numRuns: 150 },
    );
  }
});
