/**
 * Reads sockets of node:net and node:tls into one piece of memory that all sockets of a thread share, instead of into a
 * new one for each read.
 *
 * Called by `NetServer` and `WsSession`. The memory belongs to the thread; what was read into it is valid until the
 * callback returns.
 *
 * Node does this for sockets that are made with its option `onread`. A `TLSSocket` that is made over an open socket, as a
 * server's is, leaves the option out, so that what the option sets in the socket is set here, found by the names that Node
 * gives to its symbols (lib/net.js). A Node that has no such names hands the bytes out as `data` events, which are copied:
 * slower, and the same otherwise. On Node 20 it saves 2.0 of the 8.4 µs of a WebTorrent message of 1.4 KB over TLS and 1.1
 * of 19.4 of an HTTPS announce: two allocations, a stream's book-keeping and what the collector has to do for both
 * (`npm run bench:ws -- --tables mix`, `npm run bench:http -- --tables tls-keep`).
 */
import type { Socket } from "node:net";
import type { ReadMemory } from "./read-memory.ts";

/** So many bytes have come, and lie at the start of what the memory is read into; they may be overwritten. */
export type ReadTaker = (length: number) => void;

/** The part of a socket that the option `onread` fills. */
interface SocketParts {
  readonly _handle?: { useUserBuffer?(memory: Uint8Array): void } | null;
  [symbol: symbol]: unknown;
}

/**
 * Gives everything that comes to `take`, what the paused socket has already read first; whoever calls has it resumed.
 * Returns whether the socket reads into the memory itself.
 */
export function readInto(socket: Socket, memory: ReadMemory, take: ReadTaker): boolean {
  const parts = socket as unknown as SocketParts;
  const memoryKey = symbolOf(parts, "kBuffer");
  const takerKey = symbolOf(parts, "kBufferCb");
  const handle = parts._handle;
  if (memoryKey === undefined || takerKey === undefined || handle?.useUserBuffer === undefined) {
    readCopying(socket, memory, take);
    return false;
  }
  parts[memoryKey] = memory.part;
  parts[takerKey] = take;
  handle.useUserBuffer(memory.part);
  // Last, since with these bytes the socket may be handed on to another taker: each read leaves the rest in the socket.
  while (socket.readableLength > 0) {
    const early: Buffer | null = socket.read(Math.min(socket.readableLength, memory.part.length));
    if (early === null) break;
    take(memory.put(early, 0));
  }
  return true;
}

/** As `readInto`, through `data` events. */
export function readCopying(socket: Socket, memory: ReadMemory, take: ReadTaker): void {
  socket.on("data", (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; ) {
      const length = memory.put(bytes, at);
      at += length;
      take(length);
    }
  });
}

function symbolOf(parts: SocketParts, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(parts).find((symbol) => symbol.description === name);
}
