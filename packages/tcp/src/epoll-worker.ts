/**
 * The thread of a worker with the engine "epoll". The main thread starts it with WebWorkerData and sockets that listen
 * already; it answers until the control block says stop. Started by server.ts; never imported.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ControlBlock, receiveMessages, reportReady } from "@swarmtide/runtime";
import { AccessList } from "@swarmtide/swarm";
import { openAnswering, type WebNotice, type WebReload, type WebWorkerData } from "./answering.ts";
import { DRAIN_MILLISECONDS } from "./conversation/conversation-options.ts";
import { COUNT_ACCEPT_FAILURES } from "./counters.ts";
import { DescriptorHint } from "./descriptor-reserve.ts";
import { EpollServer } from "./engines/epoll/hot/epoll-server.ts";
import { UpgradeSender } from "./worker-ports.ts";

/** How long the worker sleeps at most before it looks whether to stop or reload. */
const WAIT_MILLISECONDS = 50;
/** How often the worker looks for something to tell. */
const NOTICE_SECONDS = 1;

const data = workerData as WebWorkerData;
const control = ControlBlock.attach(data.control);
const { engine, store, nowSeconds } = openAnswering(data.shared, data.row, data.workers);
const upgrades = new UpgradeSender(data.ports.upgrades);
const server = new EpollServer({
  ...engine,
  listenerFds: data.sockets.map(({ fd }) => fd),
  onUpgrade: (fd, address, bytes) => upgrades.send(fd, address, bytes),
});
let generation = control.generation;
const descriptorHint = new DescriptorHint();
let nextNotice = 0;

function takeReload(): void {
  if (control.generation === generation || parentPort === null) return;
  generation = control.generation;
  for (const message of receiveMessages(parentPort)) {
    const { accessList } = message as WebReload;
    if (accessList !== undefined) engine.handler.admission.replace(AccessList.attach(accessList));
  }
}

function tell(seconds: number): void {
  if (seconds < nextNotice) return;
  nextNotice = seconds + NOTICE_SECONDS;
  for (const line of [
    server.handler.takeProxyHint(),
    descriptorHint.take(engine.counters[COUNT_ACCEPT_FAILURES], seconds),
  ]) {
    if (line === undefined) continue;
    const notice: WebNotice = { line };
    parentPort?.postMessage(notice);
  }
}

reportReady();
while (!control.isStopping) {
  const seconds = nowSeconds();
  store.setNow(seconds);
  takeReload();
  server.serveRound(WAIT_MILLISECONDS);
  tell(seconds);
}
server.stop();
const patience = performance.now() + DRAIN_MILLISECONDS;
while (server.connectionCount > 0 && performance.now() < patience)
  server.serveRound(WAIT_MILLISECONDS);
server.close();
