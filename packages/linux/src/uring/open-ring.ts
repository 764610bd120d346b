/**
 * Opens an io_uring in the thread that is to use it: a queue of requests to the kernel and one of what became of them, both
 * in shared memory. io_uring(7), io_uring_setup(2), io_uring_register(2). Linux 6.1 and newer. Throws SyscallError and
 * leaves nothing behind.
 *
 * struct io_uring_params, 120 bytes: words 0 entries of submission, 1 of completion, 2 flags, 5 features; from word 10 where
 * the parts of the submission queue lie (head, tail, mask, entries, flags, dropped, array), from word 20 those of the
 * completion queue (head, tail, mask, entries, overflow, completions), in bytes of their mapping.
 */
import { foreignLibrary } from "../ffi.ts";
import { libc, linuxObstacle, syscallNumbers } from "../libc.ts";
import {
  allocatePages,
  type MappedMemory,
  mapMemory,
  unmapMemory,
  viewMapped,
} from "../mapped-memory.ts";
import { NativeMemory, storeAddress } from "../native-memory.ts";
import { closeFd } from "../sockets.ts";
import { SyscallError } from "../syscall-error.ts";

const PARAMETER_BYTES = 120;
const SETUP_CQSIZE = 1 << 3;
/** One thread submits, and completions are made when it asks for them: no interrupt of its work. Linux 6.1. */
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;
const SUBMISSION_QUEUE_OFFSET = 0;
const COMPLETION_QUEUE_OFFSET = 0x8000000;
const SUBMISSIONS_OFFSET = 0x10000000;
const SUBMISSION_BYTES = 64;
const COMPLETION_BYTES = 16;
const REGISTER_FILES = 2;
const REGISTER_BUFFER_RING = 22;
/** An entry of a ring of buffers: 0 address (64 bits), 8 length, 12 number (16 bits), 14 in the first one the tail. */
const BUFFER_ENTRY_BYTES = 16;

export interface IoRingOptions {
  /** Requests that may wait for submission, a power of two. */
  readonly submissions: number;
  /** Results that may wait to be taken, a power of two. */
  readonly completions: number;
}

/** One queue as this thread sees it; parts are indexes of words. */
export interface IoQueue {
  readonly words: Int32Array;
  readonly head: number;
  readonly tail: number;
  readonly mask: number;
}

export interface IoRing {
  readonly fd: number;
  readonly submission: IoQueue;
  /** SUBMISSION_BYTES each. */
  readonly submissions: Int32Array;
  /** Its completions begin at word `entries`, COMPLETION_BYTES each. */
  readonly completion: IoQueue & { readonly entries: number };
  close(): void;
}

/** What io_uring needs and does not find here, as it continues "needs"; undefined where it works. */
export function ioRingObstacle(): string | undefined {
  const obstacle = linuxObstacle();
  if (obstacle !== undefined) return obstacle;
  try {
    openIoRing({ submissions: 2, completions: 4 }).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return `io_uring of Linux 6.1 or newer, which is missing or switched off here (${error.code}; see kernel.io_uring_disabled and the container's seccomp profile)`;
  }
}

export function openIoRing({ submissions, completions }: IoRingOptions): IoRing {
  const parameters = new NativeMemory(PARAMETER_BYTES);
  const { words } = parameters;
  words[1] = completions;
  words[2] = SETUP_CQSIZE | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
  const fd = libc().syscall(
    ...([syscallNumbers().ioUringSetup, submissions, parameters.address, 0, 0, 0] as const),
  );
  if (fd < 0) throw new SyscallError("io_uring_setup", foreignLibrary().lastErrno());
  const mapped: MappedMemory[] = [];
  const close = () => {
    closeFd(fd);
    for (const memory of mapped.splice(0)) unmapMemory(memory);
  };
  const map = (lengthBytes: number, offset: number) => {
    const memory = mapMemory(fd, lengthBytes, offset);
    mapped.push(memory);
    return new Int32Array(viewMapped(memory));
  };
  const at = (word: number) => words[word] ?? 0;
  try {
    const queue = map(at(16) + submissions * 4, SUBMISSION_QUEUE_OFFSET);
    // Request i always stands at place i.
    for (let i = 0; i < submissions; i++) queue[(at(16) >> 2) + i] = i;
    const results = map(at(25) + completions * COMPLETION_BYTES, COMPLETION_QUEUE_OFFSET);
    return {
      fd,
      submission: { words: queue, head: at(10) >> 2, tail: at(11) >> 2, mask: submissions - 1 },
      submissions: map(submissions * SUBMISSION_BYTES, SUBMISSIONS_OFFSET),
      completion: {
        ...{ words: results, head: at(20) >> 2, tail: at(21) >> 2, mask: completions - 1 },
        entries: at(25) >> 2,
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Lets requests name these descriptors by their place in the list, which spares the kernel looking them up. */
export function registerFiles(ring: IoRing, fds: readonly number[]): void {
  const list = new NativeMemory(fds.length * 4);
  list.words.set(fds);
  register(ring, REGISTER_FILES, list, fds.length, "files");
}

/** Buffers that the kernel takes as data arrives; the ring in which it gets them back. */
export interface BufferRing {
  /** The buffers, one behind the other. */
  readonly memory: MappedMemory;
  readonly entries: Int32Array;
  readonly tail: Uint16Array;
  readonly count: number;
}

/** A group of buffers, all of them the kernel's at first. `count` is a power of two. */
export function provideBuffers(
  ring: IoRing,
  group: number,
  count: number,
  bufferBytes: number,
): BufferRing {
  const memory = allocatePages(count * bufferBytes);
  const place = allocatePages(count * BUFFER_ENTRY_BYTES);
  const view = viewMapped(place);
  const entries = new Int32Array(view);
  for (let i = 0; i < count; i++) {
    storeAddress(entries, i * 4, memory.address + i * bufferBytes);
    entries[i * 4 + 2] = bufferBytes;
    // The upper half of word 3 of entry 0 is the tail, which is 0 still.
    entries[i * 4 + 3] = i;
  }
  const registration = new NativeMemory(64);
  storeAddress(registration.words, 0, place.address);
  registration.words.set([count, group], 2);
  register(ring, REGISTER_BUFFER_RING, registration, 1, "buffers");
  const tail = new Uint16Array(view);
  Atomics.store(tail, 7, count);
  return { memory, entries, tail, count };
}

function register(
  { fd }: IoRing,
  operation: number,
  { address }: NativeMemory,
  count: number,
  subject: string,
): void {
  const { ioUringRegister } = syscallNumbers();
  if (libc().syscall(ioUringRegister, fd, operation, address, count, 0) < 0)
    throw new SyscallError("io_uring_register", foreignLibrary().lastErrno(), subject);
}
