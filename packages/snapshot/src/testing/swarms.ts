/** Stores with swarms for the tests of snapshots, and what they hold as lines that can be compared. */
import {
  Announce,
  ageOfTail,
  createSwarmStore,
  INFO_HASH_STRIDE,
  isCountedTail,
  isPausedTail,
  portOfTail,
  type SwarmStore,
  SwarmWalk,
  tickOf,
} from "@swarmtide/swarm";
import { SnapshotReader } from "../reader.ts";
import type { Compression } from "../records/chunk.ts";
import { SnapshotRestorer } from "../restorer.ts";
import { SnapshotWriter } from "../writer.ts";
import { memorySource } from "./memory-source.ts";

export function openStore(memoryMib = 64): SwarmStore {
  return createSwarmStore({ memoryBytesMax: memoryMib * 2 ** 20, limits: undefined });
}

const infoHash = new Int32Array(5);
const address = new Int32Array(4);
const record = new Announce(infoHash, address, new Uint16Array(0));

export function infoHashOf(torrent: number): Int32Array {
  return Int32Array.from({ length: 5 }, (_, i) => Math.imul(torrent + 1, 0x9e3779b1 + 2 * i));
}

/** One announce of a numbered peer to a numbered torrent; `flags` are ANNOUNCE_…. */
export function announce(
  store: SwarmStore,
  torrent: number,
  peer: number,
  family: 4 | 6 = 4,
  flags = 0,
): void {
  infoHash.set(infoHashOf(torrent));
  address.set(family === 4 ? [peer] : [0xb80d0120 | 0, 0, 0, peer]);
  record.family = family;
  record.port = (peer * 7 + 1) & 0xffff;
  record.flags = flags;
  record.hasEvent = true;
  store.announce(record);
}

/** Everything a store holds at a time of its clock, one line for each torrent and peer, sorted. */
export function linesOf(store: SwarmStore, nowSeconds: number): string[] {
  const lines = new Set<string>();
  const walk = new SwarmWalk(store, { withPeers: true });
  while (walk.next()) {
    let at = 0;
    for (let row = 0; row < walk.count; row++) {
      const start = row * INFO_HASH_STRIDE;
      const hash = Buffer.from(walk.infoHashes.subarray(start, start + 20)).toString("hex");
      const hours = walk.hoursEmpty(row, nowSeconds);
      lines.add(`${hash} completed ${walk.completed(row)} renewed ${walk.isRenewed(row)} ${hours}`);
      for (const family of [4, 6] as const) {
        const words = family === 4 ? 1 : 4;
        const leechers = walk.leechers(row, family);
        for (let i = 0; i < leechers + walk.seeders(row, family); i++, at += words + 1) {
          const tail = walk.slots[at + words] ?? 0;
          const peer = walk.slots.slice(at, at + words).join(".");
          const age = ageOfTail(tail, tickOf(nowSeconds));
          const flags = `${isPausedTail(tail) ? "paused " : ""}${isCountedTail(tail) ? "counted " : ""}`;
          const role = i < leechers ? "leecher" : "seeder";
          lines.add(`${hash} ${peer} ${portOfTail(tail)} ${role} ${flags}${age}`);
        }
      }
    }
  }
  return [...lines].sort();
}

export interface Written {
  readonly bytes: Uint8Array;
  /** Where the pieces begin that were written: headers and bodies in turn; and the end of all. */
  readonly borders: readonly number[];
  readonly writer: SnapshotWriter;
}

/** The whole store as a stream; at second `nowSeconds` of its clock and `unixSeconds` of the day's. */
export function writeStream(
  store: SwarmStore,
  {
    nowSeconds = 0,
    unixSeconds = 1_764_080_000,
    compression = "none" as Compression,
    between = () => {},
  } = {},
): Written {
  const pieces: Uint8Array[] = [];
  const writer = new SnapshotWriter({
    store,
    compression,
    nowSeconds: () => nowSeconds,
    unixSeconds,
    write: (bytes) => pieces.push(bytes.slice()),
  });
  while (writer.step()) between();
  const borders = [0];
  for (const piece of pieces) borders.push((borders.at(-1) ?? 0) + piece.length);
  return { bytes: new Uint8Array(Buffer.concat(pieces)), borders, writer };
}

/** Restores a stream into a store; by default at the same second, and with no peer too old. */
export function restoreStream(
  bytes: Uint8Array,
  into: SwarmStore,
  options: Partial<ConstructorParameters<typeof SnapshotRestorer>[0]> = {},
) {
  const reader = new SnapshotReader(memorySource(bytes));
  const restorer = new SnapshotRestorer({
    store: into,
    reader,
    nowSeconds: () => 0,
    unixSeconds: () => 1_764_080_000,
    peerAgeSecondsMax: 32_000,
    keepCompletedSeconds: 30 * 86_400,
    ...options,
  });
  while (restorer.step());
  return { reader, restorer };
}
