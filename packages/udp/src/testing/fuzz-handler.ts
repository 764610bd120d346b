/**
 * Throws random and mutated datagrams at the handler and checks what must hold for each:
 *
 *   node packages/udp/dist/testing/fuzz-handler.js [DATAGRAMS] [SEED]
 *
 * No exception; no answer longer than the request unless the request carried a connection id that was issued to its
 * sender; never more bytes than the reply slot holds; the store within its memory. The default is ten million.
 */

import { pathToFileURL } from "node:url";
import { readSwarmTotals } from "@swarmtide/swarm";
import { randomBelow } from "@swarmtide/test-kit";
import {
  announceRequest,
  connectRequest,
  infoHash,
  scrapeRequest,
  TestTracker,
} from "./tracker-client.ts";

export interface FuzzReport {
  datagrams: number;
  answered: number;
  answeredWithId: number;
  silent: number;
  peers: number;
}

const MEMORY_BYTES_MAX = 2 ** 24;

export function fuzzHandler(datagrams: number, seed: number): FuzzReport {
  const tracker = new TestTracker({ memoryBytesMax: MEMORY_BYTES_MAX });
  const report: FuzzReport = { datagrams, answered: 0, answeredWithId: 0, silent: 0, peers: 0 };
  const random = randomBelow(seed);
  const sources = Array.from({ length: 40 }, (_, i) =>
    Uint8Array.from({ length: i % 2 === 0 ? 4 : 16 }, () => random(256)),
  );
  const ids = sources.map((source) => Buffer.from(tracker.connect(source)));
  for (let i = 0; i < datagrams; i++) {
    const sender = random(sources.length);
    const source = sources[sender] as Uint8Array;
    const id = ids[random(8) === 0 ? random(ids.length) : sender] as Buffer;
    const datagram = mutate(baseRequest(random, id), random);
    const reply = tracker.send(datagram, source);
    if (reply.length === 0) {
      report.silent++;
      continue;
    }
    report.answered++;
    const hasId = datagram.subarray(0, 8).equals(ids[sender] as Buffer);
    if (hasId) report.answeredWithId++;
    if (!hasId && reply.length > datagram.length)
      throw new Error(
        `seed ${seed}: ${reply.length} bytes for ${datagram.length} without an id: ${datagram.toString("hex")}`,
      );
  }
  const totals = readSwarmTotals(tracker.store);
  report.peers = totals.peersIpv4 + totals.peersIpv6;
  if (totals.usedBytes > MEMORY_BYTES_MAX) throw new Error(`${totals.usedBytes} bytes used`);
  return report;
}

function baseRequest(random: (below: number) => number, id: Buffer): Buffer {
  switch (random(6)) {
    case 0:
      return connectRequest();
    case 1:
      return Buffer.from(Uint8Array.from({ length: random(300) }, () => random(256)));
    case 2:
      return scrapeRequest(
        id,
        Array.from({ length: random(80) }, () => infoHash(random(1000))),
      );
    default:
      return announceRequest(id, {
        infoHash: random(random(2) === 0 ? 3 : 1_000_000),
        port: random(65_536),
        left: BigInt(random(2)),
        event: random(5),
        wanted: random(200) - 10,
      });
  }
}

/** Flips bits, overwrites bytes, cuts or lengthens; half of the datagrams stay as they are. */
function mutate(datagram: Buffer, random: (below: number) => number): Buffer {
  if (random(2) === 0 || datagram.length === 0) return datagram;
  for (let changes = random(4); changes > 0; changes--) {
    const at = random(datagram.length);
    datagram[at] = random(2) === 0 ? random(256) : (datagram[at] ?? 0) ^ (1 << random(8));
  }
  if (random(4) === 0) return datagram.subarray(0, random(datagram.length + 1));
  if (random(4) === 0) return Buffer.concat([datagram, Buffer.alloc(random(100), random(256))]);
  return datagram;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
  console.log(`seed ${seed}`);
  console.log(fuzzHandler(Number(process.argv[2] ?? 10_000_000), seed));
}
