/**
 * What statistics cost the hot path of HTTP, without the kernel: rounds of announces through the handler, with and without the
 * timing of rounds and the sample of peer ids, in ABBA order. Counters cannot be switched off; packages/udp has the same
 * benchmark with what their additions take.
 *
 *   node packages/http/dist/bench/statistics.bench.js [--smoke]
 *
 * Prints nanoseconds an announce and the upper bound of their 95 % interval (mean of 30 pairs, Student's t).
 */
import { pathToFileURL } from "node:url";
import { announceRequestBytes } from "@swarmtide/http-protocol";
import { Histogram, LATENCY_PRECISION_BITS, RoundTimer } from "@swarmtide/metrics";
import {
  createSwarmStore,
  makePeerIdSample,
  PeerIdSample,
  type SwarmStore,
} from "@swarmtide/swarm";
import { meanAndBound } from "@swarmtide/test-kit";
import { HttpHandler } from "../hot/http-handler.ts";
import { testHandlerOptions } from "../testing/handler-options.ts";
import { hashOf, peerAt } from "../testing/tracker-fixture.ts";

/** Requests that a worker under load reads between two waits. */
const ROUND = 16;
const REQUESTS = 1024;
/** ABBA turns that make a pair. */
const TURNS = 10;

export interface HttpStatisticsCost {
  readonly nanosecondsOff: number;
  readonly nanoseconds: number;
  readonly nanosecondsUpperBound: number;
}

class Side {
  readonly #handler: HttpHandler;
  readonly #requests: readonly Uint8Array[];
  readonly #rounds: RoundTimer | undefined;
  readonly #peer = peerAt("192.0.2.1");

  constructor(store: SwarmStore, requests: readonly Uint8Array[], isOn: boolean) {
    this.#requests = requests;
    const peerIds = new PeerIdSample(isOn ? makePeerIdSample() : undefined);
    this.#handler = new HttpHandler(
      testHandlerOptions({ store, peerIds, requestsPerConnectionMax: Number.MAX_SAFE_INTEGER }),
    );
    const latency = Histogram.create({ rows: 1, precisionBits: LATENCY_PRECISION_BITS });
    if (isOn) this.#rounds = new RoundTimer(latency.row(0), 50, performance.now());
  }

  /** Nanoseconds an announce. */
  run(rounds: number): number {
    const start = process.cpuUsage();
    for (let round = 0; round < rounds; round++) {
      this.#rounds?.begin(performance.now());
      for (let i = 0; i < ROUND; i++) {
        const request = this.#requests[(round * ROUND + i) % REQUESTS];
        if (request !== undefined) this.#handler.answer(this.#peer, request, 0, request.length);
      }
      this.#rounds?.end(ROUND, performance.now());
    }
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1000) / (rounds * ROUND);
  }
}

export function runHttpStatisticsBench(pairs: number, rounds: number): HttpStatisticsCost {
  const requests = Array.from({ length: REQUESTS }, (_, i) =>
    announceRequestBytes(
      {
        infoHash: hashOf(String.fromCharCode(0x61 + (i % 26))),
        peerId: hashOf("p"),
        port: 1 + i,
        left: 50,
      },
      { host: "tracker.example:3000" },
    ),
  );
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  const off = new Side(store, requests, false);
  const on = new Side(store, requests, true);
  for (let warm = 0; warm < 10; warm++) {
    off.run(rounds);
    on.run(rounds);
  }
  const costs: number[] = [];
  let offSum = 0;
  for (let pair = 0; pair < pairs; pair++) {
    let without = 0;
    let withStatistics = 0;
    for (let turn = 0; turn < TURNS; turn++) {
      without += off.run(rounds);
      withStatistics += on.run(rounds) + on.run(rounds);
      without += off.run(rounds);
    }
    offSum += without / (2 * TURNS);
    costs.push((withStatistics - without) / (2 * TURNS));
  }
  const { mean, upperBound } = meanAndBound(costs);
  return {
    nanosecondsOff: offSum / pairs,
    nanoseconds: mean,
    nanosecondsUpperBound: upperBound,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const isSmoke = process.argv.includes("--smoke");
  const cost = runHttpStatisticsBench(isSmoke ? 3 : 30, isSmoke ? 10 : 1500);
  const share = (nanoseconds: number) =>
    `${nanoseconds.toFixed(1)} ns, ${((nanoseconds / cost.nanosecondsOff) * 100).toFixed(2)} %`;
  console.log(
    `an announce takes ${cost.nanosecondsOff.toFixed(0)} ns in the handler; latency and samples add ${share(cost.nanoseconds)}, upper bound of 95 %: ${share(cost.nanosecondsUpperBound)}`,
  );
}
