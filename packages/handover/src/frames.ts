/**
 * Messages between the process that runs and the one that takes over, each a frame on their stream. docs/protocol/hand-over.md
 * says which follows which. Owned by the main thread of either; no hot code.
 *
 * | offset | bytes | field                                                      |
 * |-------:|------:|------------------------------------------------------------|
 * |      0 |     4 | kind, FRAME_…, big-endian                                   |
 * |      4 |     4 | bytes of the payload, at most 2^21, big-endian              |
 * |      8 |       | payload: JSON, a piece of a stream of records, or changes   |
 *
 * Example: FRAME_PREPARED has no payload: `00 00 00 06 00 00 00 00`.
 */
import { setTimeout as pause } from "node:timers/promises";
import { DescriptorChannel } from "@swarmtide/linux";

/** Who this is and, of the running process, what it hands over: JSON. */
export const FRAME_HELLO = 1;
/** Why there is no hand-over: JSON. */
export const FRAME_REFUSED = 2;
/** The places of some sockets as JSON; their descriptors come with it. */
export const FRAME_SOCKETS = 3;
/** The header or one chunk of a stream of records (docs/protocol/records.md). */
export const FRAME_RECORDS = 4;
/** Changes (packages/swarm/src/store/hot/change-log.ts), in the order in which they are to be applied. */
export const FRAME_CHANGES = 5;
/** The new process is ready to serve. */
export const FRAME_PREPARED = 6;
/** The running process holds still; its counters: JSON. */
export const FRAME_GO = 7;
/** The new process serves. */
export const FRAME_RUNNING = 8;
/** The running process lets go. */
export const FRAME_RELEASED = 9;
/** It has finished all connections: nothing follows. */
export const FRAME_END = 10;

const HEADER_BYTES = 8;
const PAYLOAD_BYTES_MAX = 2 ** 21;
/** Between two looks where nothing has arrived, or nothing goes out. */
const LOOK_MILLISECONDS = 1;

export interface Frame {
  readonly kind: number;
  /** Its own memory. */
  readonly payload: Uint8Array;
}

/** Thrown where the other process has gone, is silent for too long or says what it should not. */
export class ChannelFailure extends Error {}

export class FrameChannel {
  readonly #channel: DescriptorChannel;
  #received = Buffer.alloc(0);
  /** Descriptors that have arrived and were not taken. */
  #fds: number[] = [];

  /** Of a connected stream, which `close` closes. */
  constructor(fd: number) {
    this.#channel = new DescriptorChannel(fd);
  }

  /** Sends a frame, with descriptors. Rejects where the other end takes nothing for `patienceMilliseconds`. */
  async send(
    kind: number,
    payload: Uint8Array = new Uint8Array(0),
    fds: readonly number[] = [],
    patienceMilliseconds = 10_000,
  ): Promise<void> {
    const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
    frame.writeUInt32BE(kind, 0);
    frame.writeUInt32BE(payload.length, 4);
    frame.set(payload, HEADER_BYTES);
    let lastMilliseconds = performance.now();
    for (let at = 0; at < frame.length; ) {
      const sent = this.#attempt(() =>
        this.#channel.send(frame.subarray(at), at === 0 ? fds : undefined),
      );
      at += sent;
      if (sent > 0) lastMilliseconds = performance.now();
      else if (performance.now() - lastMilliseconds > patienceMilliseconds)
        throw new ChannelFailure("the other process reads nothing any more");
      else await pause(LOOK_MILLISECONDS);
    }
  }

  /** As `send`, of an object. */
  sendJson(kind: number, value: object, fds: readonly number[] = []): Promise<void> {
    return this.send(kind, Buffer.from(JSON.stringify(value)), fds);
  }

  /** The next frame; undefined where none has arrived whole by the end of the time. */
  async receive(patienceMilliseconds: number): Promise<Frame | undefined> {
    const endMilliseconds = performance.now() + patienceMilliseconds;
    for (;;) {
      const frame = this.#takeFrame() ?? (this.#read() ? undefined : null);
      if (frame) return frame;
      if (frame === undefined) continue;
      if (performance.now() >= endMilliseconds) return undefined;
      await pause(LOOK_MILLISECONDS);
    }
  }

  /** The next frame, which must be of this kind: its payload. */
  async expect(kind: number, patienceMilliseconds: number): Promise<Uint8Array> {
    const frame = await this.receive(patienceMilliseconds);
    if (frame === undefined) throw new ChannelFailure("the other process is silent");
    if (frame.kind === FRAME_REFUSED) throw new ChannelFailure(reasonIn(frame.payload));
    if (frame.kind !== kind)
      throw new ChannelFailure(`the other process sent message ${frame.kind} in place of ${kind}`);
    return frame.payload;
  }

  /** So many of the descriptors that came with the frames so far. */
  takeFds(count: number): number[] {
    if (this.#fds.length < count)
      throw new ChannelFailure(`${count} descriptors were announced, ${this.#fds.length} came`);
    return this.#fds.splice(0, count);
  }

  close(): void {
    this.#channel.close();
  }

  /** Whether something has arrived. */
  #read(): boolean {
    const received = this.#attempt(() => this.#channel.receive());
    if (received === undefined) return false;
    if (received.bytes.length === 0) throw new ChannelFailure("the other process ended");
    this.#received = Buffer.concat([this.#received, received.bytes]);
    this.#fds.push(...received.fds);
    return true;
  }

  #takeFrame(): Frame | undefined {
    const received = this.#received;
    if (received.length < HEADER_BYTES) return undefined;
    const length = received.readUInt32BE(4);
    if (length > PAYLOAD_BYTES_MAX)
      throw new ChannelFailure(`the other process announced a message of ${length} bytes`);
    if (received.length < HEADER_BYTES + length) return undefined;
    this.#received = received.subarray(HEADER_BYTES + length);
    const payload = new Uint8Array(received.subarray(HEADER_BYTES, HEADER_BYTES + length));
    return { kind: received.readUInt32BE(0), payload };
  }

  #attempt<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      throw new ChannelFailure(error instanceof Error ? error.message : String(error));
    }
  }
}

/** A payload that is JSON. What is in it is not checked further: the kernel vouches for who sent it. */
export function jsonOf<Message>(payload: Uint8Array): Message {
  try {
    return JSON.parse(Buffer.from(payload).toString()) as Message;
  } catch {
    throw new ChannelFailure("the other process sent a message that is not JSON");
  }
}

export const reasonIn = (payload: Uint8Array): string =>
  String(jsonOf<{ readonly reason?: unknown }>(payload).reason);
