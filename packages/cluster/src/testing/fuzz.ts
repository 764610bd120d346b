/**
 * Gives a node mutated messages of others until something breaks:
 *
 *   npm run fuzz -- --runs 10000000 --seed 7 cluster
 *
 * Messages of every kind, some with the node's own instance and streams that it has asked for, are changed, cut, doubled and joined;
 * of half of them the length is put right again, so that the mutation reaches what lies behind it. Whatever the bytes, nothing is
 * thrown, no more processes are remembered than the limit, and afterwards the store counts what it holds. A failure prints its seed.
 */
import { pathToFileURL } from "node:url";
import { ANNOUNCE_RECORD_WORDS, readSwarmTotals, SwarmWalk } from "@swarmtide/swarm";
import { RandomSource } from "@swarmtide/test-kit";
import {
  BODY_BYTES_AT,
  KIND_ASK,
  KIND_CHANNEL,
  KIND_PART,
  KIND_REFUSED,
  KIND_TAKEN,
  MESSAGE_HEADER_BYTES,
  NAME_BYTES_AT,
} from "../messages/layout.ts";
import { encodeDirected, encodeHello } from "../messages/message.ts";
import { RecordsWriter } from "../messages/records.ts";
import type { Way } from "../subjects.ts";
import { TestCluster } from "./test-cluster.ts";
import type { TestNode } from "./test-node.ts";

const OWN = "00000000000000bb";
const ROUNDS_PER_NODE = 50_000;
const LOOK_EVERY = 64;
const MEMBERS_MAX = 256;
const WAYS: readonly Way[] = ["records", "to", "ws.all", "ws.to"];

interface Seed {
  readonly way: Way;
  readonly bytes: Uint8Array;
}

/** Well-formed messages to start from. */
function seedsOf(random: RandomSource): Seed[] {
  const head = { name: "x", instance: "00000000000000aa", sequence: 1, sentAtMilliseconds: 1 };
  const hello = { canGive: true, ends: 1, recordsSequence: 1, channelSequence: 0 };
  const seeds: Seed[] = [
    {
      way: "records",
      bytes: encodeHello({ ...head, sequence: 0 }, { ...hello, peers: 9, upSeconds: 9 }),
    },
  ];
  for (const count of [0, 1, 3, 40]) {
    const writer = new RecordsWriter();
    const record = new Int32Array(ANNOUNCE_RECORD_WORDS);
    for (let i = 0; i < count; i++) {
      for (let word = 0; word < record.length; word++) record[word] = random.word();
      record.fill(i % 3, 0, 5);
      writer.add(record, 0);
    }
    seeds.push({ way: "records", bytes: writer.take(head) });
  }
  for (const kind of [KIND_ASK, KIND_REFUSED, KIND_PART, KIND_TAKEN, KIND_CHANNEL])
    for (const to of [OWN, undefined]) {
      const rest = kind < KIND_PART || kind === KIND_TAKEN ? 0 : random.below(200);
      const bytes = encodeDirected(
        { ...head, kind },
        { to, first: 1, second: 0 },
        random.bytes(rest),
      );
      seeds.push({ way: kind === KIND_CHANNEL ? "ws.to" : "to", bytes });
    }
  return seeds;
}

function mutate(bytes: Uint8Array, random: RandomSource): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.below(Math.min(60, bytes.length - at + 1));
  switch (random.below(6)) {
    case 0:
      return new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]));
    case 1:
      return new Uint8Array(Buffer.concat([bytes, bytes.subarray(at, at + length)]));
    default: {
      const copy = bytes.slice();
      for (let i = random.below(4); i >= 0 && copy.length > 0; i--)
        copy[random.below(copy.length)] = random.word();
      return copy;
    }
  }
}

/** Makes the length in the header that of the message. */
function repair(bytes: Uint8Array): void {
  if (bytes.length < MESSAGE_HEADER_BYTES) return;
  const body = bytes.length - MESSAGE_HEADER_BYTES - (bytes[NAME_BYTES_AT] ?? 0);
  if (body >= 0) new DataView(bytes.buffer, bytes.byteOffset).setUint32(BODY_BYTES_AT, body);
}

/** Throws when the counts of a store are not what a walk over it finds. */
function checkStore({ store }: TestNode): void {
  const { peersIpv4, peersIpv6 } = readSwarmTotals(store);
  let found4 = 0;
  let found6 = 0;
  const walk = new SwarmWalk(store, { withPeers: true });
  while (walk.next())
    for (let row = 0; row < walk.count; row++) {
      found4 += walk.leechers(row, 4) + walk.seeders(row, 4);
      found6 += walk.leechers(row, 6) + walk.seeders(row, 6);
    }
  if (found4 !== peersIpv4 || found6 !== peersIpv6)
    throw new Error(`counts ${peersIpv4} and ${peersIpv6} peers, holds ${found4} and ${found6}`);
}

export interface FuzzReport {
  readonly malformed: number;
  readonly records: number;
}

/** Gives `count` mutated messages. Throws where one breaks something. */
export function fuzz(count: number, seed: number): FuzzReport {
  let malformed = 0;
  let records = 0;
  for (let first = 0; first < count; first += ROUNDS_PER_NODE) {
    const node = fuzzNode(seed + first, Math.min(ROUNDS_PER_NODE, count - first));
    malformed += node.count("dropped_messages", { reason: "malformed" });
    records += node.count("records", { direction: "in" });
  }
  return { malformed, records };
}

function fuzzNode(seed: number, rounds: number): TestNode {
  const random = new RandomSource(Math.imul(seed, 0x9e3779b1));
  const cluster = new TestCluster(seed);
  const node = cluster.start("b", { instance: OWN });
  const seeds = seedsOf(random);
  for (let round = 0; round < rounds; round++) {
    const { way, bytes: whole } = random.pick(seeds);
    const bytes = random.once(5) ? whole.slice() : mutate(whole, random);
    if (random.once(2)) repair(bytes);
    try {
      node.node.receive(random.once(10) ? random.pick(WAYS) : way, "test.v1.records.x", bytes);
      if (round % LOOK_EVERY === 0) cluster.pass(10);
    } catch (error) {
      throw new Error(`seed ${seed}, message ${round}`, { cause: error });
    }
  }
  if (node.count("nodes") > MEMBERS_MAX) throw new Error(`${node.count("nodes")} nodes are known`);
  checkStore(node);
  return node;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const count = Number(process.argv[2] ?? 100_000);
  const start = performance.now();
  const { malformed, records } = fuzz(count, Number(process.argv[3] ?? 1));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${count} mutated messages in ${seconds} s: ${malformed} malformed, ${records} records taken`,
  );
}
