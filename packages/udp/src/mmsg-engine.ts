/**
 * Engine `mmsg`: a UDP worker's loop on Linux. Runs in the worker thread and never returns to its event loop until the
 * program stops, so that nothing but system calls and answers takes time.
 *
 * A worker with one socket sleeps inside recvmmsg. One with a socket of each family takes one batch from each in turn, so
 * that a flood on one does not starve the other, and sleeps in poll when neither had a full batch.
 */
import { ReadinessPoller } from "@swarmtide/linux";
import type { DatagramHandler } from "./hot/datagram-handler.ts";
import { MmsgSocket } from "./hot/mmsg-socket.ts";

/** How long a worker sleeps at most before it looks whether to stop or reload. */
export const WAIT_MILLISECONDS = 50;

export interface EngineSocket {
  readonly fd: number;
  readonly family: 4 | 6;
  /** Bound to every address of the machine. */
  readonly wildcard: boolean;
}

export interface MmsgEngineOptions {
  readonly sockets: readonly EngineSocket[];
  readonly handler: DatagramHandler;
  readonly counters: Float64Array;
  readonly replyBytesMax: number;
  readonly resendRepliesMax: number;
  /** Seconds since the tracker started; read once for each batch. */
  readonly nowSeconds: () => number;
  /** Called once, when everything is loaded and allocated: from then on the engine opens no file. */
  readonly onReady: () => void;
  /** Called once for each batch; false ends the loop. */
  readonly goesOn: () => boolean;
}

export function runMmsgEngine(options: MmsgEngineOptions): void {
  const { handler, nowSeconds, onReady, goesOn } = options;
  const sockets = options.sockets.map(
    ({ fd, family, wildcard }) => new MmsgSocket({ ...options, fd, family, packetInfo: wildcard }),
  );
  const [first] = sockets;
  if (first !== undefined && sockets.length === 1) {
    onReady();
    while (goesOn()) {
      handler.setNow(nowSeconds());
      first.serveWaiting();
    }
    return;
  }
  const poller = new ReadinessPoller(sockets.map((socket) => socket.fd));
  onReady();
  while (goesOn()) {
    handler.setNow(nowSeconds());
    let isAnyFull = false;
    for (const socket of sockets) if (socket.isFull(socket.serve())) isAnyFull = true;
    if (!isAnyFull) poller.wait(WAIT_MILLISECONDS);
  }
}
