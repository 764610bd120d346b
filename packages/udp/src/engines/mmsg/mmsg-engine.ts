/**
 * Engine `mmsg`: a UDP worker's loop on Linux. Runs in the worker thread and never returns to its event loop until the
 * program stops, so that nothing but system calls and answers takes time.
 *
 * A worker with one socket sleeps inside recvmmsg. One with a socket of each family takes one batch from each in turn, so
 * that a flood on one does not starve the other, and sleeps in poll when neither had a full batch.
 */
import { linuxObstacle, localIpv4Addresses, ReadinessPoller, socketDrops } from "@swarmtide/linux";
import { add } from "@swarmtide/metrics";
import { isWildcard, LOOK_MILLISECONDS, type Steering } from "@swarmtide/runtime";
import { DROPPED_QUEUE_FULL } from "../../counters.ts";
import type { EngineRun, UdpEngine, UdpEngineOptions } from "../engine.ts";
import { MmsgSocket } from "./hot/mmsg-socket.ts";

/** How often the kernel is asked what it has dropped. */
const DROPS_SECONDS = 1;
/** Addresses of the machine come and go; a reply that leaves from a wrong one meanwhile is asked for again. */
const LEARN_SECONDS = 5;

export const mmsgEngine = {
  name: "mmsg",
  doc: "in batches through the system calls of Linux",
  supported: () => linuxObstacle() ?? true,
  readsPacketInfo: true,
  closesListeners: false,
  open,
} as const satisfies UdpEngine;

function open(options: UdpEngineOptions) {
  const { tracker, nowSeconds, listeners } = options;
  const openSockets = (replyBytesMax: number) =>
    listeners.map((listener) => {
      const { fd = -1, family } = listener;
      const packetInfo = isWildcard(listener);
      return new MmsgSocket({ ...options, fd, family, packetInfo, replyBytesMax });
    });
  let roomBytes = options.replyBytesMax;
  let sockets = openSockets(roomBytes);
  const poller = new ReadinessPoller(sockets.map((socket) => socket.fd));
  let learnAtSeconds = 0;
  let dropsAtSeconds = 0;
  const drops = listeners.map(() => 0);
  const run = (steering: Steering): void => {
    while (steering.goesOn()) {
      const seconds = nowSeconds();
      tracker.setNow(seconds);
      if (seconds >= learnAtSeconds) {
        learnAtSeconds = seconds + LEARN_SECONDS;
        const addresses = localIpv4Addresses();
        for (const socket of sockets) socket.learnLocalAddresses(addresses);
      }
      if (seconds >= dropsAtSeconds) {
        dropsAtSeconds = seconds + DROPS_SECONDS;
        countDrops(options, drops);
      }
      const [first] = sockets;
      if (first !== undefined && sockets.length === 1) first.serveWaiting();
      else if (!serveAll(sockets)) poller.wait(LOOK_MILLISECONDS);
    }
  };
  return {
    run,
    stop() {},
    /** Other memory for the same descriptors; replies that wait for a second try are lost. */
    makeRoom(replyBytesMax) {
      if (replyBytesMax <= roomBytes) return;
      roomBytes = replyBytesMax;
      sockets = openSockets(roomBytes);
      learnAtSeconds = 0;
    },
  } satisfies EngineRun;
}

/** Adds what the kernel has dropped of each socket since; `drops` is what was known. */
function countDrops({ listeners, tracker }: UdpEngineOptions, drops: number[]): void {
  for (const [i, { fd = -1, family }] of listeners.entries()) {
    const now = socketDrops(fd);
    if (now === undefined) continue;
    const { ipv4, ipv6 } = tracker.counters;
    add(family === 4 ? ipv4 : ipv6, DROPPED_QUEUE_FULL, (now - (drops[i] ?? 0)) >>> 0);
    drops[i] = now;
  }
}

/** One batch from each socket in turn. Whether one of them was full, so that more waits. */
function serveAll(sockets: readonly MmsgSocket[]): boolean {
  let isAnyFull = false;
  for (const socket of sockets) if (socket.isFull(socket.serve())) isAnyFull = true;
  return isAnyFull;
}
