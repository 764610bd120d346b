/**
 * The few numbers by which the main thread steers its workers. A worker that waits for packets inside a system call
 * runs no event loop and receives no message, so it looks here each time it returns (at the latest after 50 ms).
 * Written by the main thread only, read by every thread.
 *
 * | index | name             | meaning                                                                     |
 * |-------|------------------|-----------------------------------------------------------------------------|
 * | 0     | stop             | 1 once the program ends: finish what is in flight and return                |
 * | 1     | generation       | counts reloads: when it moved, read the waiting messages (`receiveMessages`) |
 *
 * Worked example: after one reload and the order to stop, the eight bytes on a little-endian machine read
 * `01 00 00 00 01 00 00 00`.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

const STOP_INDEX = 0;
const GENERATION_INDEX = 1;
const WORD_COUNT = 2;

/** Shared by all threads of a program. `buffer` is what goes into a worker's data. */
export class ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  /** A new block, on the main thread. */
  static create(): ControlBlock {
    return new ControlBlock(new SharedArrayBuffer(WORD_COUNT * Int32Array.BYTES_PER_ELEMENT));
  }

  /** The main thread's block, in a worker. */
  static attach(buffer: SharedArrayBuffer): ControlBlock {
    return new ControlBlock(buffer);
  }

  /** Whether the program ends. */
  get isStopping(): boolean {
    return Atomics.load(this.#words, STOP_INDEX) !== 0;
  }

  /** Moves with every reload. A worker reads it before it reports ready, so as to miss none. */
  get generation(): number {
    return Atomics.load(this.#words, GENERATION_INDEX);
  }

  /** Asks every thread to finish. */
  stop(): void {
    Atomics.store(this.#words, STOP_INDEX, 1);
    Atomics.notify(this.#words, STOP_INDEX);
  }

  /** Tells every thread that messages wait for it; call it after they are posted. */
  announceReload(): void {
    Atomics.add(this.#words, GENERATION_INDEX, 1);
  }

  /** Blocks the thread until the program stops or the time is over. Returns whether it stops. */
  waitForStop(timeoutMilliseconds: number): boolean {
    Atomics.wait(this.#words, STOP_INDEX, 0, timeoutMilliseconds);
    return this.isStopping;
  }
}

/** Every message that waits on a port, without an event loop. */
export function receiveMessages(port: MessagePort): unknown[] {
  const messages: unknown[] = [];
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) return messages;
    messages.push(received.message);
  }
}
