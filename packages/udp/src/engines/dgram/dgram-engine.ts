/**
 * Engine `dgram`: the UDP server on `node:dgram`, for systems without the Linux engine and on request. One datagram a
 * call, an event loop, strings for addresses: several times slower, but the same handler gives the same answers.
 *
 * On Linux it runs in a worker thread over descriptors that the main thread bound; elsewhere over sockets of its own.
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { performance } from "node:perf_hooks";
import { formatIpAddress, parseIpAddress } from "@swarmtide/bittorrent";
import { add, type Column } from "@swarmtide/metrics";
import { type Listener, LOOK_MILLISECONDS, listenError, sharedPort } from "@swarmtide/runtime";
import {
  BUSY_SECONDS,
  DROPPED_SOURCE_PORT,
  DROPPED_TOO_LONG,
  RECEIVE_FAILURES,
  RECEIVED_BYTES,
  SEND_FAILURES,
  SENT_BYTES,
} from "../../counters.ts";
import { DatagramHandler } from "../../hot/datagram-handler.ts";
import {
  type EngineRun,
  REQUEST_BYTES_MAX,
  type UdpEngine,
  type UdpEngineOptions,
} from "../engine.ts";

/** A thread whose event loop slept less than one twentieth of the time between two looks is behind. */
const BEHIND_UTILIZATION = 0.95;

export const dgramEngine = {
  name: "dgram",
  doc: "one by one through Node, everywhere",
  supported: (): true | string => true,
  isAutomatic: true,
  readsPacketInfo: false,
  leavesRequestsInSockets: true,
  closesListeners: true,
  open,
} as const satisfies UdpEngine;

/** Starts answering. Rejects when a listener cannot be opened; nothing stays open then. */
async function open(options: UdpEngineOptions): Promise<EngineRun> {
  const sockets: Socket[] = [];
  let used = performance.eventLoopUtilization();
  // Between datagrams, so that a thread that stood still is noticed.
  const beats = setInterval(() => {
    options.rounds.beat(performance.now());
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, used);
    options.tracker.isBehind = utilization > BEHIND_UTILIZATION;
    used = now;
  }, LOOK_MILLISECONDS);
  const stop = async () => {
    clearInterval(beats);
    await Promise.all(
      sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  };
  try {
    const freePorts: Listener[] = [];
    for (const listener of options.listeners) {
      const wanted = listener.port;
      const port = wanted === 0 ? sharedPort(listener, freePorts) : wanted;
      // Somebody else may have that port in this family; then it is another.
      const socket = await openSocket(listener, port, options.onlyIpv6).catch((error: Error) =>
        port === wanted ? Promise.reject(error) : openSocket(listener, wanted, options.onlyIpv6),
      );
      sockets.push(socket);
      listener.port = socket.address().port;
      if (wanted === 0) freePorts.push(listener);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const servers = sockets.map((socket, i) =>
    serve(socket, options.listeners[i]?.family ?? 4, options),
  );
  return {
    stop,
    makeRoom(replyBytesMax) {
      for (const server of servers) server.makeRoom(replyBytesMax);
    },
  };
}
/** A socket of Node, of a descriptor that is bound (with `fd` it listens at once) or at an address. */
async function openSocket(listener: Listener, port: number, onlyIpv6: boolean): Promise<Socket> {
  const { family, address, fd } = listener;
  // libuv refuses the flag on an IPv4 socket (EINVAL).
  const socket = createSocket({ type: `udp${family}`, ipv6Only: family === 6 && onlyIpv6 });
  const place =
    fd === undefined ? { address: formatIpAddress(address), port, exclusive: true } : { fd };
  await new Promise<void>((resolve, reject) => {
    socket.once("error", (error: NodeJS.ErrnoException) => {
      socket.close();
      reject(listenError(listener, error, error.code));
    });
    socket.bind(place, resolve);
  });
  socket.removeAllListeners("error");
  return socket;
}

/** Answers datagrams as they arrive. Returns a function that makes room for longer replies. */
function serve(
  socket: Socket,
  socketFamily: 4 | 6,
  options: UdpEngineOptions,
): Pick<EngineRun, "makeRoom"> {
  const { tracker, nowSeconds, rounds } = options;
  const { ipv4: countersIpv4, ipv6: countersIpv6 } = tracker.counters;
  const request = new Uint8Array(REQUEST_BYTES_MAX);
  const source = new Uint8Array(16);
  const sourceWords = new Int32Array(source.buffer);
  const openHandler = (replyBytesMax: number) => {
    // Even, so that the halfwords cover it.
    const reply = new Uint8Array(replyBytesMax + (replyBytesMax & 1));
    const handler = new DatagramHandler(tracker, {
      requestBytes: request,
      requestWords: new Int32Array(request.buffer),
      sourceWords,
      replyBytes: reply,
      replyHalfwords: new Uint16Array(reply.buffer),
    });
    return { reply, handler };
  };
  let { reply, handler } = openHandler(options.replyBytesMax);

  socket.on("error", () => {
    add(socketFamily === 4 ? countersIpv4 : countersIpv6, RECEIVE_FAILURES);
  });
  socket.on("message", (message: Buffer, from: RemoteInfo) => {
    // A link-local source carries its interface behind a percent sign; the address alone identifies the peer.
    const address = parseIpAddress(from.address.replace(/%.*$/, ""));
    if (address === undefined) return;
    const family = address.length === 4 ? 4 : 6;
    const counters = family === 4 ? countersIpv4 : countersIpv6;
    source.set(address);
    const drop = (column: Column<"udp">) => {
      add(counters, column);
      tracker.refusals.note(column, 0, sourceWords, 0, family);
    };
    if (message.length > REQUEST_BYTES_MAX) return drop(DROPPED_TOO_LONG);
    add(counters, RECEIVED_BYTES, message.length);
    if (from.port === 0) return drop(DROPPED_SOURCE_PORT);
    rounds.begin(performance.now());
    request.set(message);
    tracker.setNow(nowSeconds());
    const length = handler.answer(0, message.length, 0, family, 0);
    add(counters, SENT_BYTES, length);
    // A copy: the socket may send it after the next request has been answered.
    if (length > 0)
      socket.send(Buffer.from(reply.subarray(0, length)), from.port, from.address, (error) => {
        if (error !== null) add(counters, SEND_FAILURES);
      });
    add(counters, BUSY_SECONDS, rounds.end(1, performance.now()) / 1000);
  });
  return {
    makeRoom(replyBytesMax) {
      if (replyBytesMax > reply.length) ({ reply, handler } = openHandler(replyBytesMax));
    },
  };
}
