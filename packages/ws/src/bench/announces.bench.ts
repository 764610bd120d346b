/**
 * What the tracker of one worker spends on the traffic of aquatic_ws_load_test, without sockets and TLS: clients that
 * announce ten offers, answer one of the offers they get, and so on; then the memory of ten thousand connections.
 *
 * `node --expose-gc packages/ws/dist/bench/announces.bench.js` prints nanoseconds per message out and bytes per
 * connection; the tests run a smoke.
 */
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { type CounterRow, CounterTable } from "@swarmtide/metrics";
import { defaultConfig } from "@swarmtide/toml-config";
import { formatAnnounce, OPCODE_TEXT } from "@swarmtide/ws-protocol";
import { wsSection } from "../config.ts";
import { ANSWERS_SENT, OFFERS_SENT, REPLIES_SENT, wsCounters } from "../counters.ts";
import type { Connection } from "../hot/connection.ts";
import { RandomWords } from "../hot/random-words.ts";
import { WebTorrentTracker } from "../hot/tracker.ts";
import { elementAt } from "../testing/element-at.ts";
import { clientFrame } from "../testing/test-client.ts";

/** What a run has shown. */
export interface BenchReport {
  readonly announces: number;
  readonly messagesOut: number;
  readonly nanosecondsPerAnnounce: number;
  readonly nanosecondsPerMessageOut: number;
  readonly bytesPerConnection: number;
}

/** Sizes of a run. */
export interface BenchSize {
  readonly connections: number;
  readonly torrents: number;
  readonly announces: number;
  readonly sdpBytes: number;
  readonly idleConnections: number;
}

function makeTracker(counters: CounterRow<"ws">): WebTorrentTracker {
  return new WebTorrentTracker({
    worker: 0,
    workers: 1,
    config: { ...defaultConfig(wsSection), maxMessagesPerSecond: 0, maxMemory: 256 },
    ownerSecret: 1,
    seed: Int32Array.of(1, 2, 3, 4),
    counters,
    clockMilliseconds: () => performance.now(),
    sendBatch: () => undefined,
  });
}

/** A connection whose socket takes everything at once. */
function connect(tracker: WebTorrentTracker): Connection {
  const connection = tracker.open({
    write: () => tracker.written(connection),
    close: () => undefined,
  });
  return connection;
}

function idBytes(random: RandomWords): Uint8Array {
  const id = new Uint8Array(20);
  for (let index = 0; index < 20; index++) id[index] = random.word();
  return id;
}

/** Runs once; the clients' frames are made beforehand. */
export function benchAnnounces(size: BenchSize): BenchReport {
  const random = new RandomWords(Int32Array.of(9, 8, 7, 6));
  const table = CounterTable.create(wsCounters, 1);
  const tracker = makeTracker(table.row(0));
  const torrents = Array.from({ length: size.torrents }, () => idBytes(random));
  const sdp = "a=candidate:1467250027 1 udp 2122260223 192.0.2.1 46243 typ host\r\n"
    .repeat(40)
    .slice(0, size.sdpBytes);
  const frames = Array.from({ length: size.connections }, (_, index) => {
    const text = formatAnnounce({
      infoHash: elementAt(torrents, index % torrents.length),
      peerId: idBytes(random),
      left: index % 4 === 0 ? 0 : 50,
      event: "started",
      numwant: 10,
      offers: Array.from({ length: 10 }, () => ({
        offer: { type: "offer" as const, sdp },
        offerId: idBytes(random),
      })),
    });
    return clientFrame(OPCODE_TEXT, new TextEncoder().encode(text));
  });
  const connections = frames.map(() => connect(tracker));
  const chunk = new Uint8Array(Math.max(...frames.map((frame) => frame.length)));
  const run = (announces: number) => {
    for (let round = 0; round < announces; round++) {
      const index = random.below(connections.length);
      const frame = elementAt(frames, index);
      chunk.set(frame);
      tracker.receive(elementAt(connections, index), chunk, 0, frame.length);
      if (round % 8 === 7) tracker.flush();
    }
    tracker.flush();
  };
  const sum = () =>
    [...REPLIES_SENT, ...OFFERS_SENT, ...ANSWERS_SENT].reduce((all, of) => all + table.sum(of), 0);
  run(size.announces / 4);
  const before = sum();
  // Processor time, so that a busy machine blurs it less than the clock on the wall.
  const start = process.cpuUsage();
  run(size.announces);
  const { user, system } = process.cpuUsage(start);
  const nanoseconds = (user + system) * 1000;
  const messagesOut = sum() - before;
  return {
    announces: size.announces,
    messagesOut,
    nanosecondsPerAnnounce: nanoseconds / size.announces,
    nanosecondsPerMessageOut: nanoseconds / messagesOut,
    bytesPerConnection: idleMemory(size.idleConnections),
  };
}

/** Memory per connection, each in one torrent, after an announce of ten offers each. */
function idleMemory(connections: number): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  const used = () => {
    collect?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const tracker = makeTracker(CounterTable.create(wsCounters, 1).row(0));
  const random = new RandomWords(Int32Array.of(4, 4, 4, 4));
  const before = used();
  const kept: Connection[] = [];
  for (let index = 0; index < connections; index++) {
    const connection = connect(tracker);
    kept.push(connection);
    const infoHash = new Uint8Array(20).fill(index % 100);
    const offers = Array.from({ length: 10 }, () => ({
      offer: { type: "offer" as const, sdp: "x".repeat(47) },
      offerId: idBytes(random),
    }));
    const text = formatAnnounce({ infoHash, peerId: idBytes(random), left: 1, offers });
    const frame = clientFrame(OPCODE_TEXT, new TextEncoder().encode(text));
    tracker.receive(connection, frame, 0, frame.length);
    tracker.flush();
  }
  return (used() - before) / Math.max(1, kept.length);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const sdpBytes of [47, 1500]) {
    const report = benchAnnounces({
      connections: 1000,
      torrents: 50,
      announces: sdpBytes < 100 ? 100_000 : 20_000,
      sdpBytes,
      idleConnections: 10_000,
    });
    console.log(
      `${sdpBytes}-byte SDPs: ${report.nanosecondsPerAnnounce.toFixed(0)} ns/announce, ` +
        `${report.nanosecondsPerMessageOut.toFixed(0)} ns/message out, ` +
        `${report.bytesPerConnection.toFixed(0)} bytes/connection`,
    );
  }
}
