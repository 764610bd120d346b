/**
 * A worker of engine `net` with TLS under twice the load that it can carry, in real time: the worker has a thread, its clients
 * another. How much of the worker's time a request takes is measured first, at a load that leaves it idle mostly.
 *
 *   npm run overload [-- --smoke]
 *
 * Prints the share that was answered by way, family and kind, and the 99th percentile of the time from asking to the answer.
 */
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { connect } from "node:tls";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { OverloadClients } from "./overload-clients.ts";
import { type HttpOverloadRow, OverloadRequests, printOverload } from "./overload-requests.ts";

const STEP_MILLISECONDS = 10;
/** Clients of one request give up after three seconds. */
const PATIENCE_STEPS = 300;
/** Requests a second that leave any worker idle mostly. */
const LIGHT_RATE = 60;
/** For which the kept connections shake hands, 500 of them. */
const HANDSHAKES_MILLISECONDS = 5000;

export interface TlsOverloadResult {
  readonly rows: readonly HttpOverloadRow[];
  /** Requests a second for which the worker needs all its time. */
  readonly capacity: number;
  readonly repeatsRefused: number;
}

/** Asks at a rate for so long, evenly, as far as this thread keeps up. */
async function press(
  requests: OverloadRequests,
  clients: OverloadClients,
  perSecond: number,
  milliseconds: number,
): Promise<void> {
  const start = performance.now();
  let asked = 0;
  for (let now = start; now - start < milliseconds; now = performance.now()) {
    const due = ((now - start) / 1000) * perSecond;
    for (; asked < due; asked++) requests.ask(now, (...what) => clients.ask(...what));
    clients.endStep();
    await wait(STEP_MILLISECONDS);
  }
}

/** Load is a multiple of what the worker can carry. */
export async function runTlsOverload(
  load: number,
  milliseconds: number,
): Promise<TlsOverloadResult> {
  const worker = new Worker(new URL("./overload-tls-server.js", import.meta.url));
  const [[ipv4 = 0, ipv6 = 0]] = (await once(worker, "message")) as [number[]];
  const requests = new OverloadRequests();
  const clients = new OverloadClients({
    ports: { 4: ipv4, 6: ipv6 },
    open: (target) => connect({ ...target, rejectUnauthorized: false }),
    patienceSteps: PATIENCE_STEPS,
    take: (ask, isRefused) => requests.take(ask, isRefused, performance.now()),
  });
  try {
    await wait(HANDSHAKES_MILLISECONDS);
    await press(requests, clients, LIGHT_RATE, milliseconds / 4);
    const before = worker.performance.eventLoopUtilization();
    await press(requests, clients, LIGHT_RATE, milliseconds / 2);
    const { utilization } = worker.performance.eventLoopUtilization(before);
    const capacity = LIGHT_RATE / utilization;
    await press(requests, clients, capacity * load, milliseconds / 4);
    requests.isCounting = true;
    await press(requests, clients, capacity * load, milliseconds);
    requests.isCounting = false;
    // What was asked last waits behind what came before; the same load goes on meanwhile.
    await press(requests, clients, capacity * load, PATIENCE_STEPS * STEP_MILLISECONDS);
    worker.postMessage("repeats");
    const [repeatsRefused] = (await once(worker, "message")) as [number];
    return { rows: requests.rows(), capacity, repeatsRefused };
  } finally {
    clients.close();
    await worker.terminate();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const milliseconds = process.argv.includes("--smoke") ? 2000 : 20_000;
  const { rows, capacity, repeatsRefused } = await runTlsOverload(2, milliseconds);
  console.log(
    `Twice the load of a worker that carries ${Math.round(capacity)} requests a second.\n`,
  );
  printOverload(rows, repeatsRefused);
}
