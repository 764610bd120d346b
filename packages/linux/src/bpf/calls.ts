/**
 * bpf(2): maps, programs and where they are attached. Called on the main thread at the start, with the privileges that it
 * asks for (CAP_BPF and CAP_NET_ADMIN, or root); tests also run programs on frames of their own. Everything here throws
 * SyscallError. A descriptor keeps its map, program or attachment; when the last one is closed, however the process ends,
 * it is gone.
 *
 * `union bpf_attr` is 128 bytes here, numbers little endian, a pointer 8 bytes; what each command reads (linux/bpf.h):
 *
 * | command       | byte offsets                                                                                    |
 * |---------------|-------------------------------------------------------------------------------------------------|
 * | MAP_CREATE    | 0 type, 4 key bytes, 8 value bytes, 12 entries, 16 flags                                        |
 * | MAP_UPDATE    | 0 map, 8 → key, 16 → value, 24 flags                                                            |
 * | PROG_LOAD     | 0 type, 4 instructions, 8 → instructions, 16 → licence, 24 log level, 28 log bytes, 32 → log, 68 attach type |
 * | PROG_TEST_RUN | 0 program, 4 result, 8 bytes in, 12 bytes out, 16 → in, 24 → out, 32 repeats, 36 ns of a run (out), 64 flags, 72 batch |
 * | LINK_CREATE   | 0 program, 4 interface, 8 attach type, 12 flags                                                 |
 *
 * Example, an array map of one value of 64 bytes: words 2, 4, 64, 1, 0x400 (BPF_F_MMAPABLE).
 */
import { EAGAIN } from "../errno.ts";
import { foreignLibrary } from "../ffi.ts";
import { libc, syscallNumbers } from "../libc.ts";
import { NativeMemory, storeAddress } from "../native-memory.ts";
import { SyscallError } from "../syscall-error.ts";

const ATTRIBUTE_BYTES = 128;
const LOG_BYTES = 1 << 18;
const LOAD_TRIES = 20;

const MAP_CREATE = 0;
const MAP_UPDATE_ELEM = 2;
const PROG_LOAD = 5;
const PROG_TEST_RUN = 10;
const LINK_CREATE = 28;

const TEST_XDP_LIVE_FRAMES = 2;
const LIVE_BATCH = 64;

const MAP_TYPE_ARRAY = 2;
const MAP_TYPE_XSKMAP = 17;
const MAP_FLAG_MMAPABLE = 0x400;
const PROG_TYPE_XDP = 6;
const ATTACH_XDP = 37;

/** Modes of an XDP program: in the driver, or behind it in the network stack. linux/if_link.h, XDP_FLAGS_… */
const XDP_FLAGS = { native: 4, generic: 2 } as const;
export type XdpMode = keyof typeof XDP_FLAGS;

/** What an XDP program returns: linux/bpf.h, enum xdp_action. */
export const XDP_DROP = 1;
export const XDP_PASS = 2;
export const XDP_TX = 3;
export const XDP_REDIRECT = 4;

/** An array with one value, which processes and programs share as memory (see `mapMemory`). Returns its descriptor. */
export function createSharedMap(valueBytes: number): number {
  return command(MAP_CREATE, [MAP_TYPE_ARRAY, 4, valueBytes, 1, MAP_FLAG_MMAPABLE], "shared map");
}

/** A map from receive queues to AF_XDP sockets. */
export function createXdpSocketMap(queues: number): number {
  return command(MAP_CREATE, [MAP_TYPE_XSKMAP, 4, 4, queues, 0], "map of sockets");
}

/** Puts a socket where its queue's packets are redirected to. */
export function setXdpSocket(mapFd: number, queue: number, socketFd: number): void {
  const pair = new NativeMemory(8);
  pair.words.set([queue, socketFd]);
  const attribute = new NativeMemory(ATTRIBUTE_BYTES);
  attribute.words[0] = mapFd;
  storeAddress(attribute.words, 2, pair.address);
  storeAddress(attribute.words, 4, pair.address + 4);
  call(MAP_UPDATE_ELEM, attribute, `queue ${queue}`);
}

/** Has the verifier look at an XDP program and compiles it. What the verifier refuses ends the message. */
export function loadXdpProgram(instructions: Uint8Array): number {
  const program = new NativeMemory(instructions.length);
  program.bytes.set(instructions);
  const licence = new NativeMemory(16);
  licence.bytes.set(Buffer.from("GPL"));
  const log = new NativeMemory(LOG_BYTES);
  const attribute = new NativeMemory(ATTRIBUTE_BYTES);
  const { words } = attribute;
  words.set([PROG_TYPE_XDP, instructions.length / 8]);
  storeAddress(words, 2, program.address);
  storeAddress(words, 4, licence.address);
  words[17] = ATTACH_XDP;
  let fd = tryCall(PROG_LOAD, attribute);
  // A signal interrupts the verifier, which then wants to be asked again.
  for (let i = 0; i < LOAD_TRIES && fd < 0 && foreignLibrary().lastErrno() === EAGAIN; i++)
    fd = tryCall(PROG_LOAD, attribute);
  if (fd >= 0) return fd;
  const errno = foreignLibrary().lastErrno();
  // Only a program that is refused is worth the log, which costs milliseconds.
  words.set([1, LOG_BYTES], 6);
  storeAddress(words, 8, log.address);
  tryCall(PROG_LOAD, attribute);
  const end = log.bytes.indexOf(0);
  const said = Buffer.from(log.bytes.subarray(0, end)).toString("latin1").trim().split("\n");
  throw new SyscallError("bpf PROG_LOAD", errno, said.slice(-3).join("; ").slice(0, 400));
}

/**
 * Attaches a program to an interface. Detached when the descriptor is closed. The subject of errors is `name`, the
 * interface's.
 */
export function attachXdp(programFd: number, index: number, mode: XdpMode, name: string): number {
  return command(LINK_CREATE, [programFd, index, ATTACH_XDP, XDP_FLAGS[mode]], name);
}

/** What an XDP program makes of a frame: its action, the frame behind it, and how long that takes. For tests and benches. */
export class XdpTestRun {
  readonly #in = new NativeMemory(4096);
  readonly #out = new NativeMemory(4096);
  readonly #attribute = new NativeMemory(ATTRIBUTE_BYTES);

  /** Runs it once; a frame has at least 14 bytes. `frame` of the result is only valid until the next run. */
  run(
    programFd: number,
    frame: Uint8Array,
  ): { readonly action: number; readonly frame: Uint8Array } {
    const words = this.#call(programFd, frame, 1);
    return { action: words[1] ?? 0, frame: this.#out.bytes.subarray(0, words[3]) };
  }

  /** Nanoseconds of a run, the mean of that many; each run but the first gets the frame as the one before left it. */
  nanoseconds(programFd: number, frame: Uint8Array, repeats: number): number {
    return this.#call(programFd, frame, repeats)[9] ?? 0;
  }

  #call(programFd: number, frame: Uint8Array, repeats: number): Int32Array {
    const { words } = this.#attribute;
    this.#in.bytes.set(frame);
    words.fill(0);
    words.set([programFd, 0, frame.length, this.#out.bytes.length]);
    storeAddress(words, 4, this.#in.address);
    storeAddress(words, 6, this.#out.address);
    words[8] = repeats;
    call(PROG_TEST_RUN, this.#attribute, `${frame.length} bytes`);
    return words;
  }
}

/**
 * Sends a frame so many times from inside the kernel, at millions a second: the program is run on each and has to redirect
 * it to an interface. Of those that find no room there nobody tells. For benches. Linux 5.18, BPF_F_TEST_XDP_LIVE_FRAMES.
 */
export function sendFrames(programFd: number, frame: Uint8Array, count: number): void {
  const memory = new NativeMemory(frame.length);
  memory.bytes.set(frame);
  const attribute = new NativeMemory(ATTRIBUTE_BYTES);
  const { words } = attribute;
  words.set([programFd, 0, frame.length, 0]);
  storeAddress(words, 4, memory.address);
  words[8] = count;
  words.set([TEST_XDP_LIVE_FRAMES, 0, LIVE_BATCH], 16);
  call(PROG_TEST_RUN, attribute, `${count} frames`);
}

function command(number: number, values: readonly number[], subject: string): number {
  const attribute = new NativeMemory(ATTRIBUTE_BYTES);
  attribute.words.set(values);
  return call(number, attribute, subject);
}

const NAMES: Readonly<Record<number, string>> = {
  [MAP_CREATE]: "MAP_CREATE",
  [MAP_UPDATE_ELEM]: "MAP_UPDATE_ELEM",
  [PROG_TEST_RUN]: "PROG_TEST_RUN",
  [LINK_CREATE]: "LINK_CREATE",
};

function call(number: number, attribute: NativeMemory, subject: string): number {
  const result = tryCall(number, attribute);
  if (result < 0)
    throw new SyscallError(`bpf ${NAMES[number]}`, foreignLibrary().lastErrno(), subject);
  return result;
}

const tryCall = (number: number, attribute: NativeMemory): number =>
  libc().syscall(syscallNumbers().bpf, number, attribute.address, ATTRIBUTE_BYTES, 0, 0);
