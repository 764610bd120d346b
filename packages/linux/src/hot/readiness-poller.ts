/**
 * Waits until one of a few sockets has something to read: poll(2) over an array made once. A UDP worker waits here
 * when both of its sockets are empty. Owned by one thread, which blocks inside the call.
 *
 * struct pollfd, 8 bytes: 0 descriptor (32 bits), 4 wanted events (16), 6 returned events (16).
 * Descriptor 17 that became readable is `11 00 00 00 01 00 01 00`.
 */
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";

const POLLIN = 1;

export class ReadinessPoller {
  private readonly fdCount: number;
  private readonly memory: NativeMemory;
  private readonly words: Int32Array;
  private readonly address: number;
  private readonly poll = libc().poll;
  private readonly lastErrno = foreignLibrary().lastErrno;

  constructor(fds: readonly number[]) {
    this.fdCount = fds.length;
    this.memory = new NativeMemory(fds.length * 8);
    this.words = this.memory.words;
    this.address = this.memory.address;
    for (let i = 0; i < fds.length; i++) {
      this.words[i * 2] = fds[i];
      this.words[i * 2 + 1] = POLLIN;
    }
  }

  /**
   * Blocks this thread until a descriptor is ready: returns how many are, 0 after the timeout (-1 waits forever), or
   * a negative errno (-EINTR after a signal).
   */
  wait(timeoutMilliseconds: number): number {
    const count = this.poll(this.address, this.fdCount, timeoutMilliseconds);
    return count < 0 ? -this.lastErrno() : count;
  }

  /** Whether descriptor i had data, an error or a hang-up at the last `wait` that returned more than 0. */
  isReady(i: number): boolean {
    return this.words[i * 2 + 1] >>> 16 !== 0;
  }
}
