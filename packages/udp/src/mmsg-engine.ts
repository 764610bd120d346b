/**
 * Engine `mmsg`: a UDP worker's loop on Linux. Runs in the worker thread and never returns to its event loop until the
 * program stops, so that nothing but system calls and answers takes time.
 *
 * A worker with one socket sleeps inside recvmmsg. One with a socket of each family takes one batch from each in turn, so
 * that a flood on one does not starve the other, and sleeps in poll when neither had a full batch.
 */
import { localIpv4Addresses, ReadinessPoller } from "@swarmtide/linux";
import { MmsgSocket } from "./hot/mmsg-socket.ts";
import type { UdpTracker } from "./hot/udp-tracker.ts";

/** How long a worker sleeps at most before it looks whether to stop or reload. */
export const WAIT_MILLISECONDS = 50;

/** Addresses of the machine come and go; a reply that leaves from a wrong one meanwhile is asked for again. */
const LEARN_SECONDS = 5;

export interface EngineSocket {
  readonly fd: number;
  readonly family: 4 | 6;
  /** Bound to every address of the machine. */
  readonly wildcard: boolean;
}

export interface MmsgEngineOptions {
  readonly sockets: readonly EngineSocket[];
  readonly tracker: UdpTracker;
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
  const { tracker, nowSeconds, onReady, goesOn } = options;
  const sockets = options.sockets.map(
    ({ fd, family, wildcard }) => new MmsgSocket({ ...options, fd, family, packetInfo: wildcard }),
  );
  const poller = new ReadinessPoller(sockets.map((socket) => socket.fd));
  const [first] = sockets;
  const isSingle = first !== undefined && sockets.length === 1;
  let learnAtSeconds = 0;
  onReady();
  while (goesOn()) {
    const seconds = nowSeconds();
    tracker.setNow(seconds);
    if (seconds >= learnAtSeconds) {
      learnAtSeconds = seconds + LEARN_SECONDS;
      const addresses = localIpv4Addresses();
      for (const socket of sockets) socket.learnLocalAddresses(addresses);
    }
    if (isSingle) first.serveWaiting();
    else if (!serveAll(sockets)) poller.wait(WAIT_MILLISECONDS);
  }
}

/** One batch from each socket in turn. Whether one of them was full, so that more waits. */
function serveAll(sockets: readonly MmsgSocket[]): boolean {
  let isAnyFull = false;
  for (const socket of sockets) if (socket.isFull(socket.serve())) isAnyFull = true;
  return isAnyFull;
}
