/**
 * The few numbers by which the main thread steers its workers. A worker that waits for packets inside a system call
 * runs no event loop and receives no message, so it looks here each time it returns (at the latest after 50 ms).
 * Written by the main thread, but for `waiting`; read by every thread.
 *
 * | index | name             | meaning                                                                     |
 * |-------|------------------|-----------------------------------------------------------------------------|
 * | 0     | stop             | 1 once the program ends: finish what is in flight and return                |
 * | 1     | generation       | counts reloads: when it moved, read the waiting messages (`receiveMessages`) |
 * | 2     | phase            | 0 serve, 1 wait, 2 take nothing new and finish what is open                 |
 * | 3     | waiting          | workers that wait, which each counts itself                                 |
 *
 * Worked example: after one reload and the order to stop, the sixteen bytes on a little-endian machine read
 * `01 00 00 00 01 00 00 00 02 00 00 00 00 00 00 00`.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

const STOP_INDEX = 0;
const GENERATION_INDEX = 1;
const PHASE_INDEX = 2;
const WAITING_INDEX = 3;
const WORD_COUNT = 4;

const PHASE_SERVE = 0;
const PHASE_WAIT = 1;
const PHASE_DRAIN = 2;

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
    this.#enter(PHASE_DRAIN);
  }

  /** Asks every thread to wait between two requests, until `release`, `drain` or `stop`. */
  hold(): void {
    this.#enter(PHASE_WAIT);
  }

  /** Whoever waits goes on. */
  release(): void {
    this.#enter(PHASE_SERVE);
  }

  /** Whoever waits takes nothing new any more, finishes what is open and ends. */
  drain(): void {
    this.#enter(PHASE_DRAIN);
  }

  /** Whether threads are to take nothing new. */
  get isDraining(): boolean {
    return Atomics.load(this.#words, PHASE_INDEX) === PHASE_DRAIN;
  }

  /** Threads that wait. */
  get waitingCount(): number {
    return Atomics.load(this.#words, WAITING_INDEX);
  }

  /** Blocks the thread for as long as it is asked to wait. */
  waitWhileHeld(): void {
    if (Atomics.load(this.#words, PHASE_INDEX) !== PHASE_WAIT) return;
    Atomics.add(this.#words, WAITING_INDEX, 1);
    while (Atomics.load(this.#words, PHASE_INDEX) === PHASE_WAIT)
      Atomics.wait(this.#words, PHASE_INDEX, PHASE_WAIT);
    Atomics.sub(this.#words, WAITING_INDEX, 1);
  }

  /** A program that stops does not wait any more. */
  #enter(phase: number): void {
    Atomics.store(this.#words, PHASE_INDEX, this.isStopping ? PHASE_DRAIN : phase);
    Atomics.notify(this.#words, PHASE_INDEX);
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
