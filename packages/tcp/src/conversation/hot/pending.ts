/**
 * The bytes that a connection keeps between two reads: the beginning of a request, or requests whose answers a slow reader
 * would not take yet. Called by `Conversation`; the buffer is the connection's, and there is none while nothing is kept.
 */
import type { Connection } from "./connection.ts";

const PENDING_BYTES_MIN = 512;
const LINE_FEED = 0x0a;

/** Keeps bytes[start, end) and nothing else. They may be kept already, further behind. */
export function keepPending(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const length = end - start;
  connection.pendingLength = length;
  if (length === 0) {
    connection.pending = undefined;
    return;
  }
  let { pending } = connection;
  if (pending === undefined || pending.length < length) pending = pendingBuffer(length);
  for (let i = 0; i < length; i++) pending[i] = bytes[start + i];
  connection.pending = pending;
}

/** Keeps bytes[start, end) behind what is kept. */
export function appendPending(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const { pending, pendingLength } = connection;
  const length = pendingLength + end - start;
  let larger = pending;
  if (larger === undefined || larger.length < length) {
    larger = pendingBuffer(length);
    if (pending !== undefined) for (let i = 0; i < pendingLength; i++) larger[i] = pending[i];
  }
  for (let i = pendingLength; i < length; i++) larger[i] = bytes[start + i - pendingLength];
  connection.pending = larger;
  connection.pendingLength = length;
}

/** Writes what is kept to `bytes`, so that it ends before `at`. */
export function prependPending(connection: Connection, bytes: Uint8Array, at: number): void {
  const { pending, pendingLength } = connection;
  if (pending === undefined) return;
  const start = at - pendingLength;
  for (let i = 0; i < pendingLength; i++) bytes[start + i] = pending[i];
}

export function hasLineFeed(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === LINE_FEED) return true;
  return false;
}

function pendingBuffer(length: number): Uint8Array {
  return new Uint8Array(Math.max(PENDING_BYTES_MIN, length + (length >> 1))); // hot-allow: only for a request that comes in parts
}
