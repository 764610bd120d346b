/**
 * The thread of a UDP worker. The main thread starts it with UdpWorkerData and sockets that are bound already; it answers
 * until the control block says stop. Started by server.ts; never imported.
 */
import { createSocket, type Socket } from "node:dgram";
import { parentPort, workerData } from "node:worker_threads";
import { setThreadAffinity } from "@swarmtide/linux";
import { ControlBlock, receiveMessages, reportReady } from "@swarmtide/runtime";
import { AccessList } from "@swarmtide/swarm";
import { openAnswering, type UdpReload, type UdpWorkerData } from "./answering.ts";
import { startDgramEngine } from "./dgram-engine.ts";
import type { EngineSocket } from "./mmsg-engine.ts";
import { runMmsgEngine } from "./mmsg-engine.ts";

const data = workerData as UdpWorkerData;
const control = ControlBlock.attach(data.control);
const answering = openAnswering(data.shared, data.row);
let generation = control.generation;

if (data.cpu !== undefined) setThreadAffinity([data.cpu]);

/** Takes over what a reload brought. False when the program stops. */
function goesOn(): boolean {
  if (control.generation !== generation) {
    generation = control.generation;
    if (parentPort) for (const message of receiveMessages(parentPort)) reload(message as UdpReload);
  }
  return !control.isStopping;
}

function reload(message: UdpReload): void {
  answering.tracker.admission.replace(AccessList.attach(message.accessList));
}

if (data.engine === "mmsg") {
  // Only now: a chroot may follow at once, and would hide what is not loaded yet.
  runMmsgEngine({ ...answering, sockets: data.sockets, onReady: reportReady, goesOn });
} else {
  const sockets = data.sockets.map(adopt);
  const stop = startDgramEngine({ ...answering, sockets });
  const timer = setInterval(() => {
    if (goesOn()) return;
    clearInterval(timer);
    void stop();
  }, 50);
  reportReady();
}

/** A bound descriptor as a Node socket; with `fd` it listens at once. */
function adopt({ fd, family }: EngineSocket): { socket: Socket; family: 4 | 6 } {
  const socket = createSocket(`udp${family}`);
  socket.bind({ fd });
  return { socket, family };
}
