/**
 * Engine `uring`: a UDP worker's loop on Linux through io_uring. One system call a batch submits the replies and waits for
 * what comes next, for all sockets of the worker. Runs in the worker thread and never returns to its event loop until the
 * program stops.
 */
import { ioRingObstacle } from "@swarmtide/linux";
import { LOOK_MILLISECONDS, type Steering } from "@swarmtide/runtime";
import type { EngineRun, UdpEngine, UdpEngineOptions } from "../engine.ts";
import { QueueDrops } from "../queue-drops.ts";
import { UringSocket } from "./hot/uring-socket.ts";

export const uringEngine = {
  name: "uring",
  doc: "with one system call a batch through io_uring of Linux",
  supported: () => ioRingObstacle() ?? true,
  isAutomatic: false,
  fallback: "mmsg",
  readsPacketInfo: true,
  leavesRequestsInSockets: false,
  closesListeners: false,
  open,
} as const satisfies UdpEngine;

function open(options: UdpEngineOptions) {
  const { tracker, nowSeconds, listeners } = options;
  const openSocket = (replyBytesMax: number) =>
    new UringSocket({
      ...{ ...options, replyBytesMax, waitMilliseconds: LOOK_MILLISECONDS },
      fds: listeners.map(({ fd = -1 }) => fd),
      families: listeners.map(({ family }) => family),
    });
  let roomBytes = options.replyBytesMax;
  let socket = openSocket(roomBytes);
  const drops = new QueueDrops(options);
  const run = (steering: Steering): void => {
    while (steering.goesOn()) {
      const seconds = nowSeconds();
      tracker.setNow(seconds);
      drops.look(seconds);
      socket.serve(true);
    }
    // The replies of the last batch.
    socket.serve(false);
    socket.close();
  };
  return {
    run,
    stop() {},
    /** Another ring for the same descriptors: the kernel ends the receives of the former one when it is closed. */
    makeRoom(replyBytesMax) {
      if (replyBytesMax <= roomBytes) return;
      roomBytes = replyBytesMax;
      socket.serve(false);
      socket.close();
      socket = openSocket(roomBytes);
    },
  } satisfies EngineRun;
}
