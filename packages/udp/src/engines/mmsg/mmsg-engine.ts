/**
 * Engine `mmsg`: a UDP worker's loop on Linux. Runs in the worker thread and never returns to its event loop until the
 * program stops, so that nothing but system calls and answers takes time.
 *
 * A worker with one socket sleeps inside recvmmsg. One with a socket of each family takes one batch from each in turn, so
 * that a flood on one does not starve the other, and sleeps in poll when neither had a full batch.
 */
import { linuxObstacle, ReadinessPoller } from "@swarmtide/linux";
import { LOOK_MILLISECONDS, type Steering } from "@swarmtide/runtime";
import type { EngineRun, UdpEngine, UdpEngineOptions } from "../engine.ts";
import { MmsgRounds } from "./mmsg-rounds.ts";

export const mmsgEngine = {
  name: "mmsg",
  doc: "in batches through the system calls of Linux",
  supported: () => linuxObstacle() ?? true,
  isAutomatic: true,
  readsPacketInfo: true,
  leavesRequestsInSockets: true,
  closesListeners: false,
  open,
} as const satisfies UdpEngine;

function open(options: UdpEngineOptions) {
  const { tracker, nowSeconds } = options;
  const rounds = new MmsgRounds(options);
  const poller = new ReadinessPoller(rounds.fds);
  const run = (steering: Steering): void => {
    while (steering.goesOn()) {
      const seconds = nowSeconds();
      tracker.setNow(seconds);
      rounds.look(seconds);
      const { only } = rounds;
      if (only !== undefined) only.serveWaiting();
      else if (!rounds.serve()) poller.wait(LOOK_MILLISECONDS);
    }
  };
  return {
    run,
    stop() {},
    makeRoom: (replyBytesMax) => rounds.makeRoom(replyBytesMax),
  } satisfies EngineRun;
}
