/**
 * Takes over from mutated streams until something breaks:
 *
 *   npm run fuzz -- --runs 10000000 --seed 7 handover
 *
 * Messages are dropped, doubled and swapped, their content changed with the length put right, of records the checksums too, and
 * bytes of the stream changed and cut out; it arrives in pieces of random length. Whatever comes, a take-over fails with
 * ChannelFailure or is complete, and afterwards the store counts what it holds. A failure prints its seed.
 */

import { pathToFileURL } from "node:url";
import { CHUNK_HEADER_BYTES } from "@swarmtide/snapshot";
import { readSwarmTotals, type SwarmStore, SwarmWalk } from "@swarmtide/swarm";
import { type RandomBelow, randomBelow } from "@swarmtide/test-kit";
import { ChannelFailure, encodeFrame, FRAME_RECORDS, type Frame } from "../frames.ts";
import { giverFrames, MemoryTransport, openStore } from "./giver-stream.ts";
import { takeAll } from "./take-all.ts";

const ROUNDS_PER_STORE = 20_000;
/** Greetings name the time, and another clock is refused. */
const ROUNDS_PER_STREAM = 100_000;
const CHUNK_BODY_CRC_AT = 32;
const CHUNK_CRC_AT = 36;

/** That of zlib, bit by bit: the chunks here are short. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function mutateBytes(bytes: Uint8Array, random: RandomBelow): Uint8Array {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + random(40));
  switch (random(4)) {
    case 0:
      return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]));
    case 1:
      return new Uint8Array(Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]));
    default: {
      const copy = bytes.slice();
      for (let i = 0; i <= random(4) && copy.length > 0; i++)
        copy[random(copy.length)] = random(256);
      return copy;
    }
  }
}

/** Puts the checksums of a chunk right. */
function repair({ kind, payload }: Frame): void {
  if (kind !== FRAME_RECORDS || payload.length < CHUNK_HEADER_BYTES) return;
  const view = new DataView(payload.buffer);
  view.setUint32(CHUNK_BODY_CRC_AT, crc32(payload.subarray(CHUNK_HEADER_BYTES)));
  view.setUint32(CHUNK_CRC_AT, crc32(payload.subarray(0, CHUNK_CRC_AT)));
}

function mutateFrames(frames: Frame[], random: RandomBelow): void {
  const at = random(frames.length);
  const frame = frames[at];
  if (frame === undefined) return;
  switch (random(8)) {
    case 0:
      frames.splice(at, 1);
      return;
    case 1:
      frames.splice(at, 0, frame);
      return;
    case 2: {
      const [moved = frame] = frames.splice(random(frames.length), 1);
      frames.splice(at, 0, moved);
      return;
    }
    case 3:
      frames[at] = { kind: random(12), payload: frame.payload };
      return;
    default: {
      const changed = { kind: frame.kind, payload: mutateBytes(frame.payload, random) };
      if (random(4) > 0) repair(changed);
      frames[at] = changed;
    }
  }
}

/** The stream in pieces. */
function cut(stream: Uint8Array, random: RandomBelow): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = at + 1 + random(stream.length);
    pieces.push(stream.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** Throws when the counts of a store are not what a walk over it finds. */
function checkStore(store: SwarmStore): void {
  const { peersIpv4, peersIpv6 } = readSwarmTotals(store);
  let found = 0;
  const walk = new SwarmWalk(store, { withPeers: true });
  while (walk.next())
    for (let row = 0; row < walk.count; row++)
      for (const family of [4, 6] as const)
        found += walk.leechers(row, family) + walk.seeders(row, family);
  if (found !== peersIpv4 + peersIpv6)
    throw new Error(`counts ${peersIpv4 + peersIpv6} peers, holds ${found}`);
}

export interface FuzzReport {
  readonly complete: number;
  readonly refused: number;
  /** How often each reason was given, numbers left out. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** Takes over from `count` mutated streams. Rejects where one breaks something. */
export async function fuzz(count: number, seed: number): Promise<FuzzReport> {
  const reasons = new Map<string, number>();
  let complete = 0;
  let streams: Frame[][] = [];
  let store = openStore();
  for (let round = 0; round < count; round++) {
    if (round % ROUNDS_PER_STREAM === 0)
      streams = [giverFrames(0, 0), giverFrames(2, 3), giverFrames(1, 9)];
    const random = randomBelow(Math.imul(seed + round, 0x9e3779b1));
    for (let i = 0; i < 5; i++) random(2);
    const frames = [...(streams[random(streams.length)] ?? [])];
    for (let i = random(4); i > 0; i--) mutateFrames(frames, random);
    let stream: Uint8Array = Buffer.concat(
      frames.map(({ kind, payload }) => encodeFrame(kind, payload)),
    );
    if (random(4) === 0) stream = mutateBytes(stream, random);
    try {
      await takeAll(new MemoryTransport(cut(stream, random)), store);
      complete++;
    } catch (error) {
      if (!(error instanceof ChannelFailure))
        throw new Error(`seed ${seed + round}`, { cause: error });
      const reason = error.message.replace(/\d+/g, "N").slice(0, 60);
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    if (round % ROUNDS_PER_STORE !== ROUNDS_PER_STORE - 1 && round !== count - 1) continue;
    checkStore(store);
    store = openStore();
  }
  return { complete, refused: count - complete, reasons };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const count = Number(process.argv[2] ?? 100_000);
  const seed = Number(process.argv[3] ?? 1);
  const start = performance.now();
  const { complete, refused, reasons } = await fuzz(count, seed);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${count} mutated hand-overs in ${seconds} s: ${complete} complete, ${refused} refused for ${reasons.size} reasons`,
  );
}
