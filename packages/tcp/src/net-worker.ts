/**
 * The thread of a worker with the engine "net": HTTPS, and plain HTTP where that is wanted. The main thread starts it with
 * WebWorkerData and sockets that listen already; it answers until the control block says stop. Started by server.ts; never
 * imported.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ControlBlock, receiveMessages, reportReady } from "@swarmtide/runtime";
import type { WebNotice, WebReload, WebWorkerData } from "./answering.ts";
import { startNetAnswering } from "./net-answering.ts";

/** How often the worker looks whether to stop or reload. */
const LOOK_MILLISECONDS = 50;

const data = workerData as WebWorkerData;
const control = ControlBlock.attach(data.control);
let generation = control.generation;

const answering = await startNetAnswering({
  ...data,
  listeners: data.sockets.map(({ fd, isTls }) => ({ isTls, at: { fd } })),
  onHint: (line) => {
    const notice: WebNotice = { line };
    parentPort?.postMessage(notice);
  },
});

const timer = setInterval(() => {
  if (control.generation !== generation && parentPort !== null) {
    generation = control.generation;
    for (const message of receiveMessages(parentPort)) answering.reload(message as WebReload);
  }
  if (!control.isStopping) return;
  clearInterval(timer);
  void answering.stop();
}, LOOK_MILLISECONDS);
reportReady();
