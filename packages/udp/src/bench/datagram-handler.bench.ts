/**
 * What answering one datagram costs without the kernel: the handler over requests as the load test of aquatic_udp sends
 * them (half connects, half announces, some scrapes; few torrents very popular, the others almost empty).
 *
 *   node packages/udp/dist/bench/datagram-handler.bench.js [--smoke]
 *
 * Prints ns per request by kind and a checksum of all replies. The smoke size runs as a test.
 */

import { pathToFileURL } from "node:url";
import { createSwarmStore } from "@swarmtide/swarm";
import { RandomSource } from "@swarmtide/test-kit";
import { ConnectionIds } from "../hot/connection-id.ts";
import { DatagramHandler } from "../hot/datagram-handler.ts";
import { replyBytesMax } from "../reply-bytes.ts";
import { announceRequest, connectRequest, scrapeRequest } from "../testing/tracker-client.ts";
import { CONNECTION_KEY, testUdpTracker } from "../testing/udp-tracker.ts";

export interface HandlerTiming {
  readonly kind: string;
  readonly nanoseconds: number;
  readonly replyBytes: number;
}

const SLOT_BYTES = 256;
const BATCH = 64;

class Bench {
  readonly requests: Uint8Array;
  private readonly lengths: Int32Array;
  private readonly sources: Int32Array;
  private readonly reply: Uint8Array;
  private readonly handler: DatagramHandler;
  private readonly ids = new ConnectionIds(CONNECTION_KEY, 120);
  private readonly torrents: number;
  private readonly cumulative: Float64Array;
  private readonly random = new RandomSource(99);
  readsAhead = false;

  constructor(torrents: number, count: number) {
    this.torrents = torrents;
    this.requests = new Uint8Array(count * SLOT_BYTES);
    this.lengths = new Int32Array(count);
    this.sources = new Int32Array(count);
    const replySlot = (replyBytesMax(30, 70) + 63) & ~63;
    this.reply = new Uint8Array(BATCH * replySlot);
    this.cumulative = popularity(torrents);
    const tracker = testUdpTracker({ store: createSwarmStore({ memoryBytesMax: 2 ** 36 }) });
    this.handler = new DatagramHandler(tracker, {
      requestBytes: this.requests,
      requestWords: new Int32Array(this.requests.buffer),
      sourceWords: this.sources,
      replyBytes: this.reply,
      replyHalfwords: new Uint16Array(this.reply.buffer),
    });
  }

  /** Fills all slots: `kindOf` says what comes at each. */
  fill(kindOf: (index: number) => string): void {
    for (let i = 0; i < this.lengths.length; i++) {
      // Four source addresses, as the load test's sockets on few loopback addresses have.
      const source = 0x0100007f + ((i & 3) << 24);
      this.sources[i] = source;
      const request = this.build(kindOf(i), source, i);
      this.requests.set(request, i * SLOT_BYTES);
      this.lengths[i] = request.length;
    }
  }

  private build(kind: string, source: number, index: number): Buffer {
    if (kind === "connect") return connectRequest();
    this.ids.issue(Int32Array.of(source), 0, 4);
    const id = Buffer.alloc(8);
    id.writeInt32BE(this.ids.high, 0);
    id.writeInt32BE(this.ids.low, 4);
    if (kind === "scrape")
      return scrapeRequest(
        id,
        Array.from({ length: 5 }, () => this.infoHash()),
      );
    const request = announceRequest(id, {
      port: 1 + (index % 65_535),
      left: this.random.fraction() < 0.75 ? 0n : 50n,
      wanted: 30,
    });
    request.set(this.infoHash(), 16);
    return request;
  }

  private infoHash(): Buffer {
    const target = this.random.fraction() * (this.cumulative[this.torrents - 1] ?? 0);
    let low = 0;
    let high = this.torrents - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.cumulative[middle] ?? 0) < target) low = middle + 1;
      else high = middle;
    }
    const hash = Buffer.alloc(20);
    for (let word = 0; word < 5; word++)
      hash.writeInt32LE(Math.imul(low + 1, 0x9e3779b1 + 2 * word) ^ (word << 24), word * 4);
    return hash;
  }

  /** Answers every request once; the sum of all reply lengths. */
  run(): number {
    let bytes = 0;
    const slot = this.reply.length / BATCH;
    for (let i = 0; i < this.lengths.length; i++) {
      if (this.readsAhead && i % BATCH === 0) this.prefetch(i);
      bytes += this.handler.answer(
        i * SLOT_BYTES,
        this.lengths[i] as number,
        i,
        4,
        (i % BATCH) * slot,
      );
    }
    return bytes;
  }

  private prefetch(first: number): void {
    const end = Math.min(first + BATCH, this.lengths.length);
    for (let i = first; i < end; i++)
      this.handler.prefetch(i * SLOT_BYTES, this.lengths[i] as number, i, 4);
    this.handler.prefetchBatch();
  }
}

/** The load test's weights: torrents / peers + e^(6.5 - 500 i / torrents), summed up. */
function popularity(torrents: number): Float64Array {
  const cumulative = new Float64Array(torrents);
  let sum = 0;
  for (let i = 0; i < torrents; i++) {
    sum += 0.5 + Math.exp(6.5 - (500 * i) / torrents);
    cumulative[i] = sum;
  }
  return cumulative;
}

export function runHandlerBench(torrents: number): HandlerTiming[] {
  const count = torrents * 2;
  const bench = new Bench(torrents, count);
  const timings: HandlerTiming[] = [];
  const measure = (kind: string, rounds = 1) => {
    // CPU time, not wall time: another process on the core does not count.
    const started = process.cpuUsage();
    let bytes = 0;
    for (let round = 0; round < rounds; round++) bytes += bench.run();
    const used = process.cpuUsage(started);
    const calls = count * rounds;
    const nanoseconds = ((used.user + used.system) * 1000) / calls;
    timings.push({ kind, nanoseconds, replyBytes: bytes / calls });
  };
  const measureBothWays = (kind: string) => {
    for (const readsAhead of [false, true]) {
      bench.readsAhead = readsAhead;
      measure(readsAhead ? `${kind}, read ahead` : kind, 3);
    }
    bench.readsAhead = false;
  };
  bench.fill(() => "connect");
  measure("connect");
  // The same requests again and again: peers that come, then peers that stay.
  bench.fill(() => "announce");
  measure("announce of a new peer");
  measureBothWays("announce");
  bench.fill(() => "scrape");
  measure("scrape of 5");
  bench.fill(mix);
  measure("mix of new peers");
  measureBothWays("mix 50:50:1");
  return timings;
}

const mix = (index: number) =>
  index % 101 === 0 ? "scrape" : index % 2 === 0 ? "connect" : "announce";

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const timings = runHandlerBench(process.argv.includes("--smoke") ? 1000 : 1_000_000);
  console.log("| request | ns | reply bytes |\n|---|---|---|");
  for (const { kind, nanoseconds, replyBytes } of timings)
    console.log(`| ${kind} | ${nanoseconds.toFixed(0)} | ${replyBytes.toFixed(1)} |`);
}
