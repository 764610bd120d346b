/**
 * What [limits] costs: the handler of datagrams with all limits at their defaults against one without, in pairs of runs whose
 * parts take turns: off, on, on, off. What that is of the whole way of a request, over sockets, is worked out from
 * the cost of one there (overload.bench.ts).
 *
 *   node packages/udp/dist/bench/limits.bench.js [--smoke]
 *
 * The mix is that of bench/datagram-handler.bench.ts: half connects, half announces, a few scrapes. A tenth of the announces
 * come from peers that are new, the others are known and announce when 40 seconds have passed, so that both sides do the same
 * work. Prints the mean of the ratios of CPU time, and the upper bound of its 95 % confidence interval.
 */
import { pathToFileURL } from "node:url";
import { CounterTable } from "@swarmtide/metrics";
import { createSwarmStore, limitsSection, SwarmCleaning, type SwarmStore } from "@swarmtide/swarm";
import { meanAndBound } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { ANNOUNCE_REPEATS, ERRORS, udpCounters } from "../counters.ts";
import { ConnectionIds } from "../hot/connection-id.ts";
import { DatagramHandler } from "../hot/datagram-handler.ts";
import type { UdpTracker } from "../hot/udp-tracker.ts";
import { replyBytesMax } from "../reply-bytes.ts";
import { announceRequest, connectRequest, scrapeRequest } from "../testing/tracker-client.ts";
import { CONNECTION_KEY, testUdpTracker } from "../testing/udp-tracker.ts";
import { runOverload } from "./overload.bench.ts";

const SLOT_BYTES = 128;
const BATCH = 64;
const REPLY_BYTES = (replyBytesMax(30, 70) + 63) & ~63;
/** Longer than min_announce_interval. */
const SECONDS_PER_ROUND = 40;
/** Sets of visitors, each a tenth of the announces: when one comes again its peers have expired. */
const VISITOR_SETS = 4;
/** Both sides take turns with parts of a round, off, on, on, off: whatever else the machine does meets both alike. */
const SLICES = 50;
const WARM_UP_ROUNDS = VISITOR_SETS + 1;

export interface LimitsTiming {
  readonly offNanoseconds: number;
  readonly onNanoseconds: number;
  /** Per cent of the CPU time without limits: mean over the pairs, and the upper end of its 95 % confidence interval. */
  readonly costPercent: number;
  readonly costPercentMax: number;
  readonly pairs: number;
  /** Requests that one side treated otherwise; none, or the comparison is worth nothing. */
  readonly refused: number;
}

/** Requests of all sets one behind another, and the sources they come from. */
class Requests {
  readonly bytes: Uint8Array;
  readonly lengths: Int32Array;
  readonly sources: Int32Array;
  readonly perRound: number;

  constructor(perRound: number, torrents: number) {
    const visitors = perRound / 10;
    const count = perRound + (VISITOR_SETS - 1) * visitors;
    this.perRound = perRound;
    this.bytes = new Uint8Array(count * SLOT_BYTES);
    this.lengths = new Int32Array(count);
    this.sources = new Int32Array(count);
    const ids = new ConnectionIds(CONNECTION_KEY, 100_000);
    const id = Buffer.alloc(8);
    for (let i = 0; i < count; i++) {
      // A tenth of what one announce a peer would give: some addresses have many peers, as NATs and seedboxes do.
      this.sources[i] = 0x0a | ((Math.imul(i >> 3, 0x9e3779b1) >>> 8) << 8);
      ids.issue(this.sources, i, 4);
      id.writeInt32BE(ids.high, 0);
      id.writeInt32BE(ids.low, 4);
      const request = requestOf(i, id, torrents);
      this.bytes.set(request, i * SLOT_BYTES);
      this.lengths[i] = request.length;
    }
  }
}

function requestOf(i: number, id: Buffer, torrents: number): Buffer {
  // Popular torrents are a hundredth of all, and half of the announces are theirs.
  const of = (n: number) => (n & 1 ? Math.imul(n, 7) % torrents : (n * 3) % (torrents / 100));
  if (i % 101 === 0) return scrapeRequest(id, [hashOf(of(i)), hashOf(of(i + 1))]);
  if (i % 2 === 0) return connectRequest();
  const request = announceRequest(id, {
    port: 1 + (i % 65_535),
    left: i % 4 ? 0n : 50n,
    wanted: 30,
  });
  request.set(hashOf(of(i >> 1)), 16);
  return request;
}

function hashOf(torrent: number): Buffer {
  const hash = Buffer.alloc(20);
  for (let word = 0; word < 5; word++)
    hash.writeInt32LE(Math.imul(torrent + 1, 0x9e3779b1 + 2 * word) ^ (word << 24), word * 4);
  return hash;
}

class Side {
  readonly store: SwarmStore;
  readonly counters = CounterTable.create(udpCounters, 1);
  readonly #requests: Requests;
  readonly #tracker: UdpTracker;
  readonly #handler: DatagramHandler;
  #rounds = 0;

  constructor(requests: Requests, isLimited: boolean) {
    this.#requests = requests;
    this.store = createSwarmStore({
      memoryBytesMax: 2 ** 32,
      limits: isLimited ? defaultConfig(limitsSection) : undefined,
    });
    this.#tracker = testUdpTracker({
      store: this.store,
      counters: this.counters.familyRows(0),
      config: { maxConnectionAge: 100_000 },
    });
    const reply = new Uint8Array(BATCH * REPLY_BYTES);
    this.#handler = new DatagramHandler(this.#tracker, {
      requestBytes: requests.bytes,
      requestWords: new Int32Array(requests.bytes.buffer),
      sourceWords: requests.sources,
      replyBytes: reply,
      replyHalfwords: new Uint16Array(reply.buffer),
    });
  }

  /** Removes the peers that have expired, and says how late it is in the next round. */
  begin(): void {
    const now = this.#rounds++ * SECONDS_PER_ROUND;
    const cleaning = new SwarmCleaning(this.store, {
      nowSeconds: now,
      peerAgeSecondsMax: (VISITOR_SETS - 1) * SECONDS_PER_ROUND - 8,
    });
    while (cleaning.step());
    this.#tracker.setNow(now);
  }

  /** Answers a slice of what the round brings; the CPU microseconds it took. */
  answerSlice(slice: number): number {
    const { perRound } = this.#requests;
    const known = (perRound / 10) * 9;
    const set = this.#rounds % VISITOR_SETS;
    const started = process.cpuUsage();
    this.#answer((slice * known) / SLICES, known / SLICES);
    const visitors = perRound / 10 / SLICES;
    this.#answer(known + set * (perRound / 10) + slice * visitors, visitors);
    const used = process.cpuUsage(started);
    return used.user + used.system;
  }

  #answer(first: number, count: number): void {
    const { lengths } = this.#requests;
    for (let from = first; from < first + count; from += BATCH) {
      const end = Math.min(from + BATCH, first + count);
      for (let i = from; i < end; i++)
        this.#handler.prefetch(i * SLOT_BYTES, lengths[i] ?? 0, i, 4);
      this.#handler.prefetchBatch();
      for (let i = from; i < end; i++)
        this.#handler.answer(i * SLOT_BYTES, lengths[i] ?? 0, i, 4, (i - from) * REPLY_BYTES);
    }
  }
}

export function runLimitsBench(perRound: number, torrents: number, pairs: number): LimitsTiming {
  const requests = new Requests(perRound, torrents);
  const off = new Side(requests, false);
  const on = new Side(requests, true);
  const ratios: number[] = [];
  let offSum = 0;
  let onSum = 0;
  for (let i = -WARM_UP_ROUNDS; i < pairs; i++) {
    off.begin();
    on.begin();
    const used = [0, 0];
    for (let slice = 0; slice < SLICES; slice++)
      for (const side of slice % 2 === 0 ? [0, 1] : [1, 0])
        used[side] = (used[side] ?? 0) + (side === 0 ? off : on).answerSlice(slice);
    const [unlimited = 0, limited = 0] = used;
    if (i < 0) continue;
    offSum += unlimited;
    onSum += limited;
    ratios.push(limited / unlimited);
  }
  const { mean, upperBound } = meanAndBound(ratios);
  return {
    offNanoseconds: (offSum * 1000) / (pairs * perRound),
    onNanoseconds: (onSum * 1000) / (pairs * perRound),
    costPercent: (mean - 1) * 100,
    costPercentMax: (upperBound - 1) * 100,
    pairs,
    refused: on.counters.sum(ERRORS) + on.counters.sum(ANNOUNCE_REPEATS),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const isSmoke = process.argv.includes("--smoke");
  const timing = runLimitsBench(
    isSmoke ? 32_000 : 640_000,
    isSmoke ? 1000 : 200_000,
    isSmoke ? 2 : 30,
  );
  const { offNanoseconds: off, onNanoseconds: on, costPercent, costPercentMax } = timing;
  // The whole way of a request, from recvmmsg to sendmmsg: what the limits cost of that.
  const whole = 1e9 / runOverload(1, isSmoke ? 5 : 100).capacity;
  const ofWhole = (percent: number) => ((percent * off) / (whole + on - off)).toFixed(2);
  console.log("| of | ns without limits | with | cost | upper 95 % bound |\n|---|---|---|---|---|");
  console.log(
    `| the bare handler | ${off.toFixed(0)} | ${on.toFixed(0)} | ${costPercent.toFixed(2)} % | ${costPercentMax.toFixed(2)} % |`,
  );
  console.log(
    `| the hot path, recvmmsg to sendmmsg | ${whole.toFixed(0)} | ${(whole + on - off).toFixed(0)} | ${ofWhole(costPercent)} % | ${ofWhole(costPercentMax)} % |`,
  );
  console.log(`\n${timing.pairs} pairs; ${timing.refused} requests were treated otherwise.`);
}
