/**
 * Engine `dgram`: the UDP server on `node:dgram`, for systems without the Linux engine and on request. One datagram a
 * call, an event loop, strings for addresses: several times slower, but the same handler gives the same answers.
 *
 * On Linux it runs in a worker thread over descriptors that the main thread bound; elsewhere over sockets of its own.
 */
import type { RemoteInfo, Socket } from "node:dgram";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { add } from "@swarmtide/metrics";
import {
  DROPPED_SOURCE_PORT,
  DROPPED_TOO_LONG,
  RECEIVE_FAILURES,
  RECEIVED_BYTES,
  SEND_FAILURES,
  SENT_BYTES,
} from "./counters.ts";
import { DatagramHandler } from "./hot/datagram-handler.ts";
import type { UdpTracker } from "./hot/udp-tracker.ts";

/** As in the `mmsg` engine: a longer request is dropped. */
const REQUEST_BYTES_MAX = 2048;

export interface DgramEngineOptions {
  /** Bound sockets; the engine closes them when it is stopped. */
  readonly sockets: readonly { readonly socket: Socket; readonly family: 4 | 6 }[];
  readonly tracker: UdpTracker;
  readonly replyBytesMax: number;
  readonly nowSeconds: () => number;
}

/** Starts answering. Returns what stops it: fulfilled once every socket is closed. */
export function startDgramEngine(options: DgramEngineOptions): () => Promise<void> {
  for (const { socket, family } of options.sockets) serve(socket, family, options);
  return async () => {
    await Promise.all(
      options.sockets.map(({ socket }) => new Promise<void>((resolve) => socket.close(resolve))),
    );
  };
}

function serve(socket: Socket, socketFamily: 4 | 6, options: DgramEngineOptions): void {
  const { tracker, replyBytesMax, nowSeconds } = options;
  const { ipv4: countersIpv4, ipv6: countersIpv6 } = tracker.counters;
  const request = new Uint8Array(REQUEST_BYTES_MAX);
  const source = new Uint8Array(16);
  // Even, so that the halfwords cover it.
  const reply = new Uint8Array(replyBytesMax + (replyBytesMax & 1));
  const handler = new DatagramHandler(tracker, {
    requestBytes: request,
    requestWords: new Int32Array(request.buffer),
    sourceWords: new Int32Array(source.buffer),
    replyBytes: reply,
    replyHalfwords: new Uint16Array(reply.buffer),
  });

  socket.on("error", () => {
    add(socketFamily === 4 ? countersIpv4 : countersIpv6, RECEIVE_FAILURES);
  });
  socket.on("message", (message: Buffer, from: RemoteInfo) => {
    // A link-local source carries its interface behind a percent sign; the address alone identifies the peer.
    const address = parseIpAddress(from.address.replace(/%.*$/, ""));
    if (address === undefined) return;
    const family = address.length === 4 ? 4 : 6;
    const counters = family === 4 ? countersIpv4 : countersIpv6;
    if (message.length > REQUEST_BYTES_MAX) {
      add(counters, DROPPED_TOO_LONG);
      return;
    }
    add(counters, RECEIVED_BYTES, message.length);
    if (from.port === 0) {
      add(counters, DROPPED_SOURCE_PORT);
      return;
    }
    request.set(message);
    source.set(address);
    tracker.setNow(nowSeconds());
    const length = handler.answer(0, message.length, 0, family, 0);
    if (length === 0) return;
    add(counters, SENT_BYTES, length);
    // A copy: the socket may send it after the next request has been answered.
    socket.send(Buffer.from(reply.subarray(0, length)), from.port, from.address, (error) => {
      if (error !== null) add(counters, SEND_FAILURES);
    });
  });
}
