/**
 * epoll(7) for a worker that serves many TCP connections: which of them have something to read or room to write.
 * One object per worker thread, which owns it and blocks inside `wait`. No call allocates.
 *
 * struct epoll_event, where x86-64 packs what other processors align:
 *
 * | x86-64 word | arm64 word | name   | meaning                                            |
 * |-------------|------------|--------|----------------------------------------------------|
 * | 0           | 0          | events | EPOLLIN 1, EPOLLOUT 4, EPOLLERR 8, EPOLLHUP 16 …    |
 * | 1           | 2          | data   | what `add` was given; low word of 64 bits          |
 * | 2           | 3          |        | 0                                                  |
 *
 * Connection 258 became readable: `01000000 02010000 00000000` on x86-64.
 */
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { NativeMemory } from "../native-memory.ts";
import { SyscallError } from "../syscall-error.ts";

/** Something to read, or (on a listener) somebody to accept. */
export const POLL_READABLE = 0x001;
/** Room to write. */
export const POLL_WRITABLE = 0x004;

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

export class ConnectionPoller {
  /** Descriptor of the epoll instance. */
  readonly fd: number;
  private readonly eventsMax: number;
  private readonly eventWords: number;
  private readonly dataWord: number;
  /** Slot 0 is the argument of epoll_ctl, the events of `wait` follow. */
  private readonly words: Int32Array;
  private readonly controlAddress: number;
  private readonly eventsAddress: number;
  private readonly epollControl = libc().epoll_ctl;
  private readonly epollWait = libc().epoll_wait;
  private readonly lastErrno = foreignLibrary().lastErrno;

  /** `eventsMax` is how many events one `wait` reports at most. Throws SyscallError. */
  constructor(eventsMax: number) {
    this.eventsMax = eventsMax;
    this.eventWords = process.arch === "x64" ? 3 : 4;
    this.dataWord = process.arch === "x64" ? 1 : 2;
    const memory = new NativeMemory((eventsMax + 1) * this.eventWords * 4);
    this.words = memory.words;
    this.controlAddress = memory.address;
    this.eventsAddress = memory.address + this.eventWords * 4;
    this.fd = libc().epoll_create1(EPOLL_CLOEXEC);
    if (this.fd < 0) throw new SyscallError("epoll_create1", this.lastErrno());
  }

  /** Watches a descriptor for POLL_… flags; `data` (a 32-bit integer) comes back with its events. 0 or -errno. */
  add(fd: number, data: number, flags: number): number {
    return this.control(EPOLL_CTL_ADD, fd, data, flags);
  }

  /** Changes what a watched descriptor is watched for. 0 or -errno. */
  modify(fd: number, data: number, flags: number): number {
    return this.control(EPOLL_CTL_MOD, fd, data, flags);
  }

  /** Stops watching. Not needed before `closeConnection`, which does it implicitly. 0 or -errno. */
  remove(fd: number): number {
    return this.control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /**
   * Blocks this thread until something happens: the number of events, 0 after the timeout (-1 waits forever), or a
   * negative errno (-EINTR after a signal). Event i is read with `eventData(i)` and `eventFlags(i)`.
   */
  wait(timeoutMilliseconds: number): number {
    const count = this.epollWait(this.fd, this.eventsAddress, this.eventsMax, timeoutMilliseconds);
    return count < 0 ? -this.lastErrno() : count;
  }

  /** What the descriptor of event i was added with. */
  eventData(i: number): number {
    return this.words[(i + 1) * this.eventWords + this.dataWord];
  }

  /** POLL_… flags of event i. */
  eventFlags(i: number): number {
    return this.words[(i + 1) * this.eventWords];
  }

  /** Closes the epoll instance; the watched descriptors stay open. */
  close(): void {
    libc().close(this.fd);
  }

  private control(operation: number, fd: number, data: number, flags: number): number {
    this.words[0] = flags;
    this.words[this.dataWord] = data;
    const status = this.epollControl(this.fd, operation, fd, this.controlAddress);
    return status < 0 ? -this.lastErrno() : 0;
  }
}
