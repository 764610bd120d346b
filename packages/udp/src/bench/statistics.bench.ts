/**
 * What statistics cost the hot path of UDP: batches of 64 announces through the handler, with and without the timing of rounds
 * and the sample of peer ids, in ABBA order. Counters cannot be switched off, so where statistics are on each addition is
 * made a second time, to another row, in the place where the first one is made.
 *
 *   node packages/udp/dist/bench/statistics.bench.js [--smoke]
 *
 * Prints nanoseconds an announce with the upper bound of their 95 % interval (mean of 30 pairs, Student's t), and two shares: of
 * the handler alone, without the kernel; and of the hot path, an announce's way from socket to socket: recvmmsg, handler,
 * sendmmsg, over loopback (Linux).
 */
import { createSocket } from "node:dgram";
import { pathToFileURL } from "node:url";
import { closeFd, openUdpSocket } from "@swarmtide/linux";
import {
  add,
  CounterTable,
  Histogram,
  LATENCY_PRECISION_BITS,
  RoundTimer,
} from "@swarmtide/metrics";
import {
  createSwarmStore,
  makePeerIdSample,
  PeerIdSample,
  type SwarmStore,
} from "@swarmtide/swarm";
import { meanAndBound } from "@swarmtide/test-kit";
import {
  ANNOUNCES,
  BUSY_SECONDS,
  RECEIVED_BYTES,
  REQUESTS_BY_STATUS,
  SENT_BYTES,
  udpCounters,
} from "../counters.ts";
import { MmsgSocket } from "../engines/mmsg/hot/mmsg-socket.ts";
import { ConnectionIds } from "../hot/connection-id.ts";
import { DatagramHandler } from "../hot/datagram-handler.ts";
import { replyBytesMax } from "../reply-bytes.ts";
import { announceRequest, TestTracker } from "../testing/tracker-client.ts";
import { CONNECTION_KEY, testUdpTracker } from "../testing/udp-tracker.ts";

const BATCH = 64;
const SLOT_BYTES = 128;
const SOURCE = 0x0100007f;
const UDP_ANNOUNCE_STATUS = 1;
/** The clock of TestTracker. */
const NOW_SECONDS = 1000;
/** ABBA turns that make a pair. */
const TURNS = 10;

export interface StatisticsCost {
  /** An announce without the kernel and without statistics, but for counters. */
  readonly nanosecondsOff: number;
  readonly nanosecondsCounters: number;
  /** What statistics take, counters included; the share is of `nanosecondsOff`, of the same pairs. */
  readonly nanoseconds: number;
  readonly nanosecondsUpperBound: number;
  readonly share: number;
  readonly shareUpperBound: number;
}

class Side {
  readonly #handler: DatagramHandler;
  readonly #table = CounterTable.create(udpCounters, 1);
  readonly #second = CounterTable.create(udpCounters, 1).row(0, 4);
  readonly #rounds: RoundTimer | undefined;
  readonly #requests: number;

  constructor(store: SwarmStore, requests: Uint8Array, isOn: boolean) {
    this.#requests = requests.length / SLOT_BYTES;
    const reply = new Uint8Array((replyBytesMax(30, 70) + 63) & ~63);
    const tracker = testUdpTracker({
      store,
      counters: this.#table.familyRows(0),
      peerIds: new PeerIdSample(isOn ? makePeerIdSample() : undefined),
    });
    tracker.setNow(NOW_SECONDS);
    this.#handler = new DatagramHandler(tracker, {
      requestBytes: requests,
      requestWords: new Int32Array(requests.buffer),
      sourceWords: Int32Array.of(SOURCE),
      replyBytes: reply,
      replyHalfwords: new Uint16Array(reply.buffer),
    });
    const latency = Histogram.create({ rows: 1, precisionBits: LATENCY_PRECISION_BITS });
    if (isOn) this.#rounds = new RoundTimer(latency.row(0), 50, performance.now());
  }

  /** Nanoseconds an announce; with `again` each addition to a counter is made twice. */
  run(again = false): number {
    const counters = this.#table.row(0, 4);
    const status = REQUESTS_BY_STATUS[UDP_ANNOUNCE_STATUS] ?? ANNOUNCES;
    const start = processorNanoseconds();
    for (let first = 0; first < this.#requests; first += BATCH) {
      this.#rounds?.begin(performance.now());
      for (let i = first; i < first + BATCH; i++) {
        const bytes = this.#handler.answer(i * SLOT_BYTES, 98, 0, 4, 0);
        if (again) this.#count(status, bytes);
      }
      if (this.#rounds !== undefined)
        add(counters, BUSY_SECONDS, this.#rounds.end(BATCH, performance.now()) / 1000);
    }
    return (processorNanoseconds() - start) / this.#requests;
  }

  /** The four additions of an announce. */
  #count(status: typeof ANNOUNCES, bytes: number): void {
    const row = this.#second;
    add(row, status);
    add(row, ANNOUNCES);
    add(row, RECEIVED_BYTES, 98);
    add(row, SENT_BYTES, bytes);
  }
}

/** Processor time of this process, which other programs on the machine disturb less than they do the clock. */
function processorNanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function buildRequests(count: number): Uint8Array {
  const ids = new ConnectionIds(CONNECTION_KEY, 120);
  ids.setNow(NOW_SECONDS);
  ids.issue(Int32Array.of(SOURCE), 0, 4);
  const id = Buffer.alloc(8);
  id.writeInt32BE(ids.high, 0);
  id.writeInt32BE(ids.low, 4);
  const requests = new Uint8Array(count * SLOT_BYTES);
  for (let i = 0; i < count; i++) {
    const request = announceRequest(id, { port: 1 + (i % 65_535), left: 50n, wanted: 30 });
    request.writeUInt32LE(Math.imul((i % 1000) + 1, 0x9e3779b1) >>> 0, 16);
    requests.set(request, i * SLOT_BYTES);
  }
  return requests;
}

export function runStatisticsBench(pairs: number, batches: number): StatisticsCost {
  const requests = buildRequests(batches * BATCH);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 28 });
  const off = new Side(store, requests, false);
  const on = new Side(store, requests, true);
  for (let warm = 0; warm < 10; warm++) {
    off.run();
    on.run();
    on.run(true);
  }
  const costs: number[] = [];
  const shares: number[] = [];
  let offSum = 0;
  let counterSum = 0;
  for (let pair = 0; pair < pairs; pair++) {
    let a = 0;
    let b = 0;
    let once = 0;
    // Short turns, so that what changes slowly meets both sides.
    for (let turn = 0; turn < TURNS; turn++) {
      a += off.run();
      b += on.run(true) + on.run(true);
      a += off.run();
      once += 2 * on.run();
    }
    offSum += a / (2 * TURNS);
    counterSum += (b - once) / (2 * TURNS);
    costs.push((b - a) / (2 * TURNS));
    shares.push((b - a) / a);
  }
  const { mean, upperBound } = meanAndBound(costs);
  const share = meanAndBound(shares);
  return {
    nanosecondsOff: offSum / pairs,
    nanosecondsCounters: counterSum / pairs,
    nanoseconds: mean,
    nanosecondsUpperBound: upperBound,
    share: share.mean,
    shareUpperBound: share.upperBound,
  };
}

/** Nanoseconds of an announce's whole way through a socket, statistics on. */
export async function measureWholeWay(batches: number): Promise<number> {
  const tracker = new TestTracker();
  const { fd, port } = openUdpSocket({ family: 4, address: Uint8Array.of(127, 0, 0, 1), port: 0 });
  const socket = new MmsgSocket({
    ...{ fd, family: 4, packetInfo: false, tracker: tracker.tracker, rounds: tracker.rounds },
    replyBytesMax: tracker.replyCapacity,
    resendRepliesMax: 0,
  });
  const requests = buildRequests(BATCH);
  const client = createSocket("udp4");
  let nanoseconds = 0;
  let taken = 0;
  try {
    while (taken < batches * BATCH) {
      await Promise.all(
        Array.from({ length: BATCH }, (_, i) => {
          const request = requests.subarray(i * SLOT_BYTES, i * SLOT_BYTES + 98);
          return new Promise((resolve) => client.send(request, port, "127.0.0.1", resolve));
        }),
      );
      const start = processorNanoseconds();
      taken += socket.serve();
      nanoseconds += processorNanoseconds() - start;
    }
  } finally {
    client.close();
    closeFd(fd);
  }
  if (tracker.counterTable.sum(ANNOUNCES) !== taken) throw new Error("an announce was dropped");
  return nanoseconds / taken;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const isSmoke = process.argv.includes("--smoke");
  const cost = runStatisticsBench(isSmoke ? 3 : 30, isSmoke ? 20 : 200);
  const whole = await measureWholeWay(isSmoke ? 20 : 1000);
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  console.log(
    `statistics take ${cost.nanoseconds.toFixed(1)} ns an announce (counters ${cost.nanosecondsCounters.toFixed(1)}), upper bound of 95 %: ${cost.nanosecondsUpperBound.toFixed(1)} ns\n` +
      `of the handler alone, ${cost.nanosecondsOff.toFixed(0)} ns: ${percent(cost.share)}, upper bound: ${percent(cost.shareUpperBound)}\n` +
      `of the hot path, socket to socket, ${whole.toFixed(0)} ns: ${percent(cost.nanoseconds / whole)}, upper bound: ${percent(cost.nanosecondsUpperBound / whole)}`,
  );
}
