/**
 * One end of the stream between the process that runs and the one that takes over: sends and receives frames, with descriptors,
 * and fails where the other end is silent, gone or says what it should not. Owned by the main thread of either; it looks once a
 * millisecond, and only during a hand-over.
 */
import { setTimeout as pause } from "node:timers/promises";
import { closeFd, type DescriptorChannel } from "@swarmtide/linux";
import { ChannelFailure, encodeFrame, FRAME_REFUSED, type Frame, FrameReader } from "./frames.ts";
import { readReason } from "./messages.ts";

/** Between two looks where nothing has arrived, or nothing goes out. */
const LOOK_MILLISECONDS = 1;

/** What carries the bytes: a DescriptorChannel, or memory in tests. */
export type Transport = Pick<DescriptorChannel, "send" | "receive" | "close">;

export class FrameChannel {
  readonly #transport: Transport;
  readonly #reader = new FrameReader();
  /** Descriptors that have arrived and were not taken. */
  #fds: number[] = [];

  /** `close` closes the transport. */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Sends a frame, with descriptors. Rejects where the other end takes nothing for `patienceMilliseconds`. */
  async send(
    kind: number,
    payload: Uint8Array = new Uint8Array(0),
    fds: readonly number[] = [],
    patienceMilliseconds = 10_000,
  ): Promise<void> {
    const frame = encodeFrame(kind, payload);
    let lastMilliseconds = performance.now();
    for (let at = 0; at < frame.length; ) {
      const sent = this.#attempt(() =>
        this.#transport.send(frame.subarray(at), at === 0 ? fds : undefined),
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
      const frame = this.#reader.next() ?? (this.#read() ? undefined : null);
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
    if (frame.kind === FRAME_REFUSED) throw new ChannelFailure(readReason(frame.payload));
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

  /** Says why there is no hand-over, and closes. */
  async refuse(reason: string): Promise<void> {
    await this.sendJson(FRAME_REFUSED, { reason }).catch(() => {});
    this.close();
  }

  /** Descriptors that came and that nobody has taken are closed too. */
  close(): void {
    for (const fd of this.#fds.splice(0)) closeFd(fd);
    this.#transport.close();
  }

  /** Whether something has arrived. */
  #read(): boolean {
    const received = this.#attempt(() => this.#transport.receive());
    if (received === undefined) return false;
    if (received.bytes.length === 0) throw new ChannelFailure("the other process ended");
    this.#reader.push(received.bytes);
    this.#fds.push(...received.fds);
    return true;
  }

  #attempt<Result>(call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      throw new ChannelFailure(error instanceof Error ? error.message : String(error));
    }
  }
}
