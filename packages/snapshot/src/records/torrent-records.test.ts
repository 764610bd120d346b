import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  PEER_AGE_MASK,
  PEER_COMPLETED,
  PEER_PAUSED,
  PEER_SEEDER,
  RECORD_RENEWED,
} from "./layout.ts";
import { TorrentReader } from "./torrent-reader.ts";
import { TorrentWriter } from "./torrent-writer.ts";

interface Peer {
  readonly address: readonly number[];
  readonly port: number;
  readonly state: number;
}

interface Torrent {
  readonly infoHash: Uint8Array;
  readonly completed: number;
  readonly isRenewed: boolean;
  readonly hoursEmpty: number;
  readonly ipv4: readonly Peer[];
  readonly ipv6: readonly Peer[];
}

function write(torrents: readonly Torrent[]): Uint8Array {
  const writer = new TorrentWriter(2 ** 20);
  for (const { infoHash, completed, isRenewed, hoursEmpty, ipv4, ipv6 } of torrents) {
    assert.ok(writer.hasRoomFor(ipv4.length, ipv6.length));
    const state = (isRenewed ? RECORD_RENEWED : 0) | hoursEmpty;
    writer.torrent(infoHash, 0, completed, state, ipv4.length, ipv6.length);
    for (const { address, port, state } of ipv4) writer.peerIpv4(address[0] ?? 0, port, state);
    for (const { address, port, state } of ipv6)
      writer.peerIpv6(Int32Array.from(address), 0, port, state);
  }
  assert.equal(writer.records, torrents.length);
  return writer.bytes.slice(0, writer.length);
}

function read(bytes: Uint8Array): { torrents: Torrent[]; isMalformed: boolean } {
  const reader = new TorrentReader();
  reader.open(bytes, 0, bytes.length);
  const torrents: Torrent[] = [];
  while (reader.next()) {
    const peer = (at: number, words: number): Peer => ({
      address: Array.from({ length: words }, (_, i) => reader.word(at + 4 * i)),
      port: reader.port(at + 4 * words),
      state: reader.state(at + 4 * words),
    });
    const { infoHashAt, completed, isRenewed, hoursEmpty } = reader;
    torrents.push({
      infoHash: bytes.slice(infoHashAt, infoHashAt + 20),
      completed,
      isRenewed,
      hoursEmpty,
      ipv4: Array.from({ length: reader.peersIpv4 }, (_, i) => peer(reader.peerAtIpv4(i), 1)),
      ipv6: Array.from({ length: reader.peersIpv6 }, (_, i) => peer(reader.peerAtIpv6(i), 4)),
    });
  }
  return { torrents, isMalformed: reader.isMalformed };
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const unhex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));

const peerOf = (words: number): fc.Arbitrary<Peer> =>
  fc.record(
    {
      address: fc.array(fc.integer(), { minLength: words, maxLength: words }),
      port: fc.nat(0xffff),
      state: fc.nat(0xffff),
    },
    { noNullPrototype: true },
  );

const torrentArbitrary: fc.Arbitrary<Torrent> = fc.record(
  {
    infoHash: fc.uint8Array({ minLength: 20, maxLength: 20 }),
    completed: fc.nat(0xffffffff),
    isRenewed: fc.boolean(),
    hoursEmpty: fc.nat(0x3fff),
    ipv4: fc.array(peerOf(1), { maxLength: 5 }),
    ipv6: fc.array(peerOf(4), { maxLength: 5 }),
  },
  { noNullPrototype: true },
);

/** The worked example of docs/protocol/records.md. */
const EXAMPLE: Torrent = {
  infoHash: Uint8Array.from({ length: 20 }, (_, i) => i + 1),
  completed: 7,
  isRenewed: true,
  hoursEmpty: 0,
  ipv4: [
    { address: [0x0100000a], port: 0xe11a, state: 3 },
    { address: [0x0200000a], port: 0xe21a, state: PEER_SEEDER | PEER_COMPLETED | 150 },
  ],
  ipv6: [{ address: [0xb80d0120 | 0, 0, 0, 0x01000000], port: 0xe11a, state: PEER_PAUSED | 1 }],
};
const EXAMPLE_BYTES = unhex(`
  0102030405060708090a0b0c0d0e0f1011121314 00000007 8000 0002 0001
  0a000001 1ae1 0003
  0a000002 1ae2 a096
  20010db8000000000000000000000001 1ae1 4001`);

test("the worked example is written and read as documented", () => {
  assert.equal(hex(write([EXAMPLE])), hex(EXAMPLE_BYTES));
  assert.deepEqual(read(EXAMPLE_BYTES), { torrents: [EXAMPLE], isMalformed: false });
});

test("any torrents are read as they were written", () => {
  fc.assert(
    fc.property(fc.array(torrentArbitrary, { maxLength: 20 }), (torrents) => {
      assert.deepEqual(read(write(torrents)), { torrents, isMalformed: false });
    }),
  );
});

test("a body that was cut at any byte gives the records before the cut, and tells where it was no border", () => {
  const torrents = [EXAMPLE, { ...EXAMPLE, ipv4: [] }, { ...EXAMPLE, ipv6: [] }];
  const bytes = write(torrents);
  const borders = [0, ...[1, 2, 3].map((count) => write(torrents.slice(0, count)).length)];
  for (let cut = 0; cut <= bytes.length; cut++) {
    const whole = borders.filter((border) => border <= cut).length - 1;
    assert.deepEqual(read(bytes.slice(0, cut)), {
      torrents: torrents.slice(0, whole),
      isMalformed: !borders.includes(cut),
    });
  }
});

test("random bytes never bring a peer from beyond the body", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const { torrents } = read(bytes);
      const size = torrents.reduce(
        (n, { ipv4, ipv6 }) => n + 30 + 8 * ipv4.length + 20 * ipv6.length,
        0,
      );
      assert.ok(size <= bytes.length);
    }),
    { numRuns: 2000 },
  );
});

test("a peer's age has 13 bits beside its three flags", () => {
  assert.equal(PEER_SEEDER | PEER_PAUSED | PEER_COMPLETED | PEER_AGE_MASK, 0xffff);
});
