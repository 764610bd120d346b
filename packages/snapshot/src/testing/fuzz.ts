/**
 * Restores mutated snapshots until something breaks:
 *
 *   npm run fuzz -- --runs 10000000 --seed 7 snapshot
 *
 * Bytes are changed, cut out, doubled and moved; of half of the streams the checksums are put right again, so that the mutation
 * reaches what lies behind them. Each is restored into a store. Whatever the bytes, there is no error but UnreadableStream, no
 * peer more than the bytes have room for, and afterwards the store counts what it holds. A failure prints its seed.
 */

import { pathToFileURL } from "node:url";
import { ANNOUNCE_SEEDER, readSwarmTotals, type SwarmStore, SwarmWalk } from "@swarmtide/swarm";
import { randomBelow } from "@swarmtide/test-kit";
import { UnreadableStream } from "../reader.ts";
import { crc32 } from "../records/crc32.ts";
import {
  CHUNK_BODY_CRC_AT,
  CHUNK_CRC_AT,
  CHUNK_HEADER_BYTES,
  CHUNK_STORED_BYTES_AT,
  STREAM_CRC_AT,
  STREAM_HEADER_BYTES,
} from "../records/layout.ts";
import { announce, openStore, restoreStream, writeStream } from "./swarms.ts";

const ROUNDS_PER_STORE = 20_000;
const MUTATIONS_MAX = 4;

/** Streams to start from: none, small and large swarms of both families, compressed and not. */
function seedStreams(): Uint8Array[] {
  const fill = (torrents: number, peers: number) => {
    const store = openStore();
    for (let torrent = 0; torrent < torrents; torrent++)
      for (let peer = 0; peer < peers; peer++)
        announce(store, torrent, peer, peer % 3 ? 4 : 6, peer % 2 ? ANNOUNCE_SEEDER : 0);
    return store;
  };
  return [fill(0, 0), fill(3, 2), fill(12, 1), fill(1, 90), fill(2, 40)].flatMap((store) =>
    (["none", "gzip"] as const).map((compression) => writeStream(store, { compression }).bytes),
  );
}

function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const at = random(bytes.length + 1);
  const length = random(Math.min(80, bytes.length - at + 1));
  const part = bytes.subarray(at, at + length);
  const target = random(bytes.length + 1);
  switch (random(5)) {
    case 0:
      return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]));
    case 1:
      return new Uint8Array(
        Buffer.concat([bytes.subarray(0, target), part, bytes.subarray(target)]),
      );
    case 2: {
      const copy = bytes.slice();
      copy.set(part.subarray(0, Math.max(0, copy.length - target)), target);
      return copy;
    }
    default: {
      const copy = bytes.slice();
      for (let i = 0; i <= random(4); i++) copy[random(copy.length)] = random(256);
      return copy;
    }
  }
}

/** Puts the checksums right, header by header, as long as the lengths lead to another one. */
function repair(bytes: Uint8Array): void {
  if (bytes.length < STREAM_HEADER_BYTES) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(STREAM_CRC_AT, crc32(bytes.subarray(0, STREAM_CRC_AT)));
  for (let at = STREAM_HEADER_BYTES; at + CHUNK_HEADER_BYTES <= bytes.length; ) {
    const bodyAt = at + CHUNK_HEADER_BYTES;
    const end = Math.min(bytes.length, bodyAt + view.getUint32(at + CHUNK_STORED_BYTES_AT));
    view.setUint32(at + CHUNK_BODY_CRC_AT, crc32(bytes.subarray(bodyAt, end)));
    view.setUint32(at + CHUNK_CRC_AT, crc32(bytes.subarray(at, at + CHUNK_CRC_AT)));
    at = end;
  }
}

/** Throws when the counts of a store are not what a walk over it finds. */
function checkStore(store: SwarmStore): void {
  const { peersIpv4, peersIpv6, seedersIpv4, seedersIpv6 } = readSwarmTotals(store);
  const found = { peersIpv4: 0, peersIpv6: 0, seedersIpv4: 0, seedersIpv6: 0 };
  const walk = new SwarmWalk(store, { withPeers: true });
  while (walk.next())
    for (let row = 0; row < walk.count; row++) {
      found.peersIpv4 += walk.leechers(row, 4) + walk.seeders(row, 4);
      found.peersIpv6 += walk.leechers(row, 6) + walk.seeders(row, 6);
      found.seedersIpv4 += walk.seeders(row, 4);
      found.seedersIpv6 += walk.seeders(row, 6);
    }
  const counted = { peersIpv4, peersIpv6, seedersIpv4, seedersIpv6 };
  if (JSON.stringify(found) !== JSON.stringify(counted))
    throw new Error(`counts ${JSON.stringify(counted)}, holds ${JSON.stringify(found)}`);
}

export interface FuzzReport {
  readonly streams: number;
  readonly unreadable: number;
  readonly whole: number;
  readonly peersRestored: number;
}

/** Restores `count` mutated streams. Throws where one breaks something. */
export function fuzz(count: number, seed: number): FuzzReport {
  const seeds = seedStreams();
  let store = openStore(4);
  let unreadable = 0;
  let whole = 0;
  let peersRestored = 0;
  for (let round = 0; round < count; round++) {
    const random = randomBelow(Math.imul(seed + round, 0x9e3779b1));
    for (let i = 0; i < 5; i++) random(2);
    let bytes = seeds[random(seeds.length)] ?? new Uint8Array(0);
    for (let i = 0; i <= random(MUTATIONS_MAX); i++) bytes = mutate(bytes, random);
    if (random(2) === 0) repair(bytes);
    try {
      const { reader, restorer } = restoreStream(bytes, store);
      // gzip's bodies swell by less than a thousand times.
      if (restorer.taken.peersStored * 8 > bytes.length * 1032)
        throw new Error(`${restorer.taken.peersStored} peers out of ${bytes.length} bytes`);
      peersRestored += restorer.taken.peersStored;
      if (reader.isWhole) whole++;
    } catch (error) {
      if (error instanceof UnreadableStream) unreadable++;
      else throw new Error(`seed ${seed + round}`, { cause: error });
    }
    if (round % ROUNDS_PER_STORE !== ROUNDS_PER_STORE - 1 && round !== count - 1) continue;
    checkStore(store);
    store = openStore(4);
  }
  return { streams: count, unreadable, whole, peersRestored };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const count = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? 1);
  const start = performance.now();
  const { unreadable, whole, peersRestored } = fuzz(count, seed);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${count} mutated snapshots in ${seconds} s: ${unreadable} refused at their header, ${whole} whole, ${peersRestored} peers restored`,
  );
}
