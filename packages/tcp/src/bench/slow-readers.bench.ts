/**
 * What clients that read slowly lose, with as much in the kernel as it takes and with the limit that WebSockets have: clients
 * with a bad link make offers, get more offers than they read, and answers to their own.
 *
 * `npm run bench:readers -- --seconds 100` prints a table; the tests run a smoke. One thread, sockets over loopback; time
 * of arrival is what counts, not the processor's.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CounterTable, Histogram, Refusals, RoundTimer } from "@swarmtide/metrics";
import { Admission, createSwarmStore, EVERY_TORRENT, PeerIdSample } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { makePeersByAddress, wsColumns, wsSection } from "@swarmtide/ws";
import { formatUpgradeRequest } from "@swarmtide/ws-protocol";
import { tcpCounters } from "../counters.ts";
import { WsEndpoint } from "../websocket/ws-endpoint.ts";
import { idOf, SlowClient } from "./slow-client.ts";

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const SLOW = 8;
const QUICK = 24;
/** What a slow client reads a second: some five offers. */
const SLOW_BYTES_A_SECOND = 10_000;
const STEP_MILLISECONDS = 100;
const OFFERS = 10;
const QUICK_INTERVAL_STEPS = 4;
const SLOW_INTERVAL_STEPS = 50;
/** An offer that is answered later than this has been given up by bittorrent-tracker's client (its OFFER_TIMEOUT). */
const LATE_SECONDS = 50;

export interface SlowReadersReport {
  /** Messages that slow clients have read, by kind. */
  readonly offersRead: number;
  readonly answersRead: number;
  readonly repliesRead: number;
  /** Answers to slow clients that were given to the tracker and have been read in time, as a part of one. */
  readonly answersInTime: number;
  readonly answerSecondsMedian: number;
  readonly answerSecondsMost: number;
  /** Of all clients; only slow ones lose any. */
  readonly offersDropped: number;
  readonly answersDropped: number;
  readonly repliesDropped: number;
}

/** The tracker, its clients and their sockets. */
class Scene {
  readonly table = CounterTable.create(wsColumns.wsCounters, 1);
  readonly slow: SlowClient[] = [];
  readonly quick: SlowClient[] = [];
  readonly #endpoint: WsEndpoint;
  readonly #listener = createServer({ pauseOnConnect: true });

  constructor(unsentInKernelBytes: number) {
    this.#endpoint = new WsEndpoint({
      config: { ...defaultConfig(wsSection), maxMemory: 64 },
      worker: 0,
      workers: 1,
      ownerSecret: 1,
      peers: [undefined],
      counters: this.table.row(0),
      tcpCounters: CounterTable.create(tcpCounters, 1).row(0),
      refusals: Refusals.writer(undefined, 0, wsColumns.wsCounters),
      tcpRefusals: Refusals.writer(undefined, 0, tcpCounters),
      rounds: new RoundTimer(Histogram.create({ rows: 1 }).row(0), 50, performance.now()),
      peerIds: new PeerIdSample(undefined),
      admission: new Admission(EVERY_TORRENT),
      store: createSwarmStore({ memoryBytesMax: 16 * 1024 * 1024 }),
      limits: undefined,
      peersByAddress: makePeersByAddress(),
      trustedProxies: [],
      forwardedHeaderName: "X-Forwarded-For",
      connectionsMax: 100,
      connectionsPerAddressMax: 100,
      unsentInKernelBytes,
    });
  }

  async open(): Promise<void> {
    this.#listener.listen(0, "127.0.0.1");
    await once(this.#listener, "listening");
    for (let index = 0; index < SLOW; index++) this.slow.push(await this.#connect(1 + index));
    for (let index = 0; index < QUICK; index++) this.quick.push(await this.#connect(100 + index));
  }

  async #connect(name: number): Promise<SlowClient> {
    const { port } = this.#listener.address() as AddressInfo;
    const client = new SlowClient(port, idOf(7), name);
    const [server]: Socket[] = await once(this.#listener, "connection");
    if (server === undefined) throw new Error("no connection came");
    server.on("error", () => server.destroy());
    const request = { host: "a", target: "/", key: "dGhlIHNhbXBsZSBub25jZQ==" };
    this.#endpoint.adopt(server, LOOPBACK, Buffer.from(formatUpgradeRequest(request)));
    return client;
  }

  async close(): Promise<void> {
    for (const client of [...this.slow, ...this.quick]) client.socket.destroy();
    await this.#endpoint.stop();
    this.#listener.close();
  }
}

/** Runs once. */
export async function benchSlowReaders(
  seconds: number,
  unsentInKernelBytes: number,
): Promise<SlowReadersReport> {
  const scene = new Scene(unsentInKernelBytes);
  await scene.open();
  const start = performance.now();
  for (let step = 0; step < (seconds * 1000) / STEP_MILLISECONDS; step++) {
    scene.quick.forEach((client, index) => {
      client.read(Number.MAX_SAFE_INTEGER);
      if ((step + index) % QUICK_INTERVAL_STEPS === 0) client.announce(OFFERS);
    });
    scene.slow.forEach((client, index) => {
      client.read((SLOW_BYTES_A_SECOND * STEP_MILLISECONDS) / 1000);
      if ((step + index) % SLOW_INTERVAL_STEPS === 0) client.announce(OFFERS);
    });
    await wait(Math.max(0, start + (step + 1) * STEP_MILLISECONDS - performance.now()));
  }
  const report = reportOf(scene);
  await scene.close();
  return report;
}

function reportOf({ slow, quick, table }: Scene): SlowReadersReport {
  const sum = (clients: readonly SlowClient[], kind: "offers" | "answers" | "announces") =>
    clients.reduce((all, { heard }) => all + heard[kind], 0);
  const times = slow.flatMap(({ heard }) => heard.answerSeconds).sort((a, b) => a - b);
  // Quick clients answer each offer at once: what they have not read themselves was for slow ones.
  const due = Math.max(
    1,
    table.sum(wsColumns.ANSWERS_SENT[0]) +
      table.sum(wsColumns.ANSWERS_DROPPED_SLOW) -
      sum(quick, "answers"),
  );
  const inTime = times.filter((time) => time <= LATE_SECONDS).length;
  return {
    offersRead: sum(slow, "offers"),
    answersRead: sum(slow, "answers"),
    repliesRead: sum(slow, "announces"),
    answersInTime: inTime / due,
    answerSecondsMedian: times[Math.floor(times.length / 2)] ?? Number.NaN,
    answerSecondsMost: times.at(-1) ?? Number.NaN,
    offersDropped: table.sum(wsColumns.OFFERS_DROPPED_SLOW),
    answersDropped: table.sum(wsColumns.ANSWERS_DROPPED_SLOW),
    repliesDropped: table.sum(wsColumns.REPLIES_DROPPED_SLOW),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { seconds: { type: "string", default: "100" } } });
  console.log(
    "| unsent in the kernel | read: answers | offers | replies | answers within 50 s | median s | most s | dropped: answers | offers | replies |",
  );
  console.log("|---|---|---|---|---|---|---|---|---|---|");
  for (const [name, bytes] of [
    ["as much as it takes", 0],
    ["16 KiB", 16 * 1024],
  ] as const) {
    const report = await benchSlowReaders(Number(values.seconds), bytes);
    console.log(
      `| ${name} | ${report.answersRead} | ${report.offersRead} | ${report.repliesRead} | ${(100 * report.answersInTime).toFixed(1)} % | ${report.answerSecondsMedian.toFixed(1)} | ${report.answerSecondsMost.toFixed(1)} | ${report.answersDropped} | ${report.offersDropped} | ${report.repliesDropped} |`,
    );
  }
}
