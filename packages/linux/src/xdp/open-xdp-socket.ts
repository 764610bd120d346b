/**
 * Opens an AF_XDP socket on one receive queue of an interface: frames go between the driver and memory of this process,
 * past the network stack. Called on the main thread, with the privileges it asks for (CAP_NET_RAW, and CAP_IPC_LOCK or room
 * under RLIMIT_MEMLOCK for the frames); a worker then runs it with none (`XdpQueue`). Linux 5.4 and newer,
 * Documentation/networking/af_xdp.rst, linux/if_xdp.h. Throws SyscallError and leaves nothing behind.
 *
 * The memory (UMEM) is cut into frames of 2048 bytes; the first ones are for reception, the rest for replies. Four rings
 * in shared memory hand them over: FILL gives empty frames to the kernel, RX has those with a packet, TX those to send,
 * COMPLETION those sent. Where a ring's parts lie the kernel tells (XDP_MMAP_OFFSETS): for each of RX, TX, FILL and
 * COMPLETION the offsets of producer, consumer, descriptors and flags, 8 bytes each.
 */
import { foreignLibrary } from "../ffi.ts";
import { libc } from "../libc.ts";
import { allocatePages, type MappedMemory, mapMemory, unmapMemory } from "../mapped-memory.ts";
import { NativeMemory, storeAddress } from "../native-memory.ts";
import { SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET } from "../socket-numbers.ts";
import { closeFd } from "../sockets.ts";
import { SyscallError } from "../syscall-error.ts";

const AF_XDP = 44;
const SO_BUSY_POLL = 46;
const SO_PREFER_BUSY_POLL = 69;
const SO_BUSY_POLL_BUDGET = 70;
/** As the kernel's documentation uses it. */
const BUSY_POLL_MICROSECONDS = 20;
const SOL_XDP = 283;
const XDP_MMAP_OFFSETS = 1;
const XDP_RX_RING = 2;
const XDP_TX_RING = 3;
const XDP_UMEM_REG = 4;
const XDP_UMEM_FILL_RING = 5;
const XDP_UMEM_COMPLETION_RING = 6;
const XDP_OPTIONS = 8;
const XDP_MAX_TX_SKB_BUDGET = 9;
const XDP_OPTIONS_ZEROCOPY = 1;
const XDP_USE_NEED_WAKEUP = 8;
/** Where each ring is mapped: linux/if_xdp.h, XDP_PGOFF_… */
const RX_PAGE = 0;
const TX_PAGE = 0x80000000;
const FILL_PAGE = 0x100000000;
const COMPLETION_PAGE = 0x180000000;
const PACKET_DESCRIPTOR_BYTES = 16;
const FRAME_DESCRIPTOR_BYTES = 8;

/** Holds an Ethernet frame of 1500 bytes behind the 256 that the kernel keeps free. A power of two, at most a page. */
export const XDP_FRAME_BYTES = 2048;
/**
 * Frames for reception: 17 ms of 240,000 requests a second, longer than a worker is ever kept from its core on a machine
 * that is not overloaded. A power of two, as all rings.
 */
export const XDP_RECEIVE_FRAMES = 4096;
/** Frames for replies: those of 32 batches, which the card has not sent yet. */
export const XDP_SEND_FRAMES = 2048;
/**
 * Frames begin this much later than they would, so that behind 14 bytes of Ethernet the IP header stands on a multiple of
 * 4, and so do the payloads of UDP over both families.
 */
const HEADROOM_BYTES = 2;
/** Descriptors that one sendto takes where the kernel lets us choose (6.17 and newer); 32 otherwise. */
const SEND_BUDGET = 64;

/** One ring: where it is mapped, and its parts as indexes of 32-bit words. */
export interface XdpRing {
  readonly memory: MappedMemory;
  readonly producer: number;
  readonly consumer: number;
  readonly descriptors: number;
  readonly flags: number;
  /** A power of two. */
  readonly entries: number;
}

/** Plain data: may be posted to the worker that runs it. */
export interface XdpSocket {
  readonly fd: number;
  readonly queue: number;
  /** The driver writes into the frames itself; otherwise the kernel copies. */
  readonly isZeroCopy: boolean;
  readonly frames: MappedMemory;
  readonly rings: Readonly<Record<"receive" | "send" | "fill" | "completion", XdpRing>>;
}

export interface XdpSocketOptions {
  readonly interfaceIndex: number;
  readonly interfaceName: string;
  readonly queue: number;
  /** The thread that receives fetches packets from the card itself (SO_PREFER_BUSY_POLL, Linux 5.11 and newer). */
  readonly isBusyPolled: boolean;
}

/** A socket bound to the queue. It gets packets once the interface's program redirects them to it. */
export function openXdpSocket(options: XdpSocketOptions): XdpSocket {
  const opening = new OpeningXdpSocket(`${options.interfaceName} queue ${options.queue}`);
  try {
    return opening.open(options);
  } catch (error) {
    opening.undo();
    throw error;
  }
}

/** Closes it and gives its memory back. No worker may run it any more. */
export function closeXdpSocket({ fd, frames, rings }: XdpSocket): void {
  closeFd(fd);
  for (const { memory } of Object.values(rings)) unmapMemory(memory);
  unmapMemory(frames);
}

class OpeningXdpSocket {
  readonly #subject: string;
  readonly #scratch = new NativeMemory(192);
  readonly #mapped: MappedMemory[] = [];
  #fd = -1;

  constructor(subject: string) {
    this.#subject = subject;
  }

  open({ interfaceIndex, queue, isBusyPolled }: XdpSocketOptions): XdpSocket {
    this.#fd = this.#check("socket AF_XDP", libc().socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
    const frames = this.#keep(
      allocatePages((XDP_RECEIVE_FRAMES + XDP_SEND_FRAMES) * XDP_FRAME_BYTES),
    );
    this.#register(frames);
    this.#setOption("XDP_UMEM_FILL_RING", XDP_UMEM_FILL_RING, XDP_RECEIVE_FRAMES);
    this.#setOption("XDP_UMEM_COMPLETION_RING", XDP_UMEM_COMPLETION_RING, XDP_SEND_FRAMES);
    this.#setOption("XDP_RX_RING", XDP_RX_RING, XDP_RECEIVE_FRAMES);
    this.#setOption("XDP_TX_RING", XDP_TX_RING, XDP_SEND_FRAMES);
    const rings = this.#mapRings();
    this.#bind(interfaceIndex, queue);
    if (isBusyPolled) this.#pollBusily();
    // A kernel that does not know it sends 32 at a time.
    this.#trySetOption(XDP_MAX_TX_SKB_BUDGET, SEND_BUDGET);
    const isZeroCopy = (this.#getOption(XDP_OPTIONS, 4)[0] & XDP_OPTIONS_ZEROCOPY) !== 0;
    return { fd: this.#fd, queue, isZeroCopy, frames, rings };
  }

  undo(): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    for (const memory of this.#mapped) unmapMemory(memory);
  }

  #keep(memory: MappedMemory): MappedMemory {
    this.#mapped.push(memory);
    return memory;
  }

  /** struct xdp_umem_reg: 0 address, 8 bytes, 16 bytes a frame, 20 headroom, 24 flags. */
  #register({ address, lengthBytes }: MappedMemory): void {
    const { words } = this.#scratch;
    words.fill(0);
    storeAddress(words, 0, address);
    storeAddress(words, 2, lengthBytes);
    words.set([XDP_FRAME_BYTES, HEADROOM_BYTES], 4);
    const status = libc().setsockopt(this.#fd, SOL_XDP, XDP_UMEM_REG, this.#scratch.address, 32);
    this.#check("setsockopt XDP_UMEM_REG", status);
  }

  #mapRings(): XdpSocket["rings"] {
    const offsets = this.#getOption(XDP_MMAP_OFFSETS, 128).slice(0, 32);
    const ring = (index: number, page: number, entries: number, descriptorBytes: number) => {
      /** The lower halves of the four 64-bit offsets. */
      const at = (part: number) => offsets[(index * 4 + part) * 2] ?? 0;
      const memory = this.#keep(mapMemory(this.#fd, at(2) + entries * descriptorBytes, page));
      return {
        ...{ memory, entries, producer: at(0) >> 2, consumer: at(1) >> 2 },
        ...{ descriptors: at(2) >> 2, flags: at(3) >> 2 },
      };
    };
    return {
      receive: ring(0, RX_PAGE, XDP_RECEIVE_FRAMES, PACKET_DESCRIPTOR_BYTES),
      send: ring(1, TX_PAGE, XDP_SEND_FRAMES, PACKET_DESCRIPTOR_BYTES),
      fill: ring(2, FILL_PAGE, XDP_RECEIVE_FRAMES, FRAME_DESCRIPTOR_BYTES),
      completion: ring(3, COMPLETION_PAGE, XDP_SEND_FRAMES, FRAME_DESCRIPTOR_BYTES),
    };
  }

  /** struct sockaddr_xdp: 0 family, 2 flags (16 bits each), 4 interface, 8 queue, 12 descriptor of shared memory. */
  #bind(interfaceIndex: number, queue: number): void {
    const { words, address } = this.#scratch;
    words.set([AF_XDP | (XDP_USE_NEED_WAKEUP << 16), interfaceIndex, queue, 0]);
    this.#check("bind AF_XDP", libc().bind(this.#fd, address, 16));
  }

  /** Documentation/networking/af_xdp.rst, "Busy polling". The card's interrupts wait by sysfs, which is the operator's. */
  #pollBusily(): void {
    for (const [name, option, value] of [
      ["SO_PREFER_BUSY_POLL", SO_PREFER_BUSY_POLL, 1],
      ["SO_BUSY_POLL", SO_BUSY_POLL, BUSY_POLL_MICROSECONDS],
      ["SO_BUSY_POLL_BUDGET", SO_BUSY_POLL_BUDGET, SEND_BUDGET],
    ] as const) {
      const { words, address } = this.#scratch;
      words[0] = value;
      const status = libc().setsockopt(this.#fd, SOL_SOCKET, option, address, 4);
      this.#check(`setsockopt ${name}`, status);
    }
  }

  #setOption(name: string, option: number, value: number): void {
    this.#check(`setsockopt ${name}`, this.#trySetOption(option, value));
  }

  #trySetOption(option: number, value: number): number {
    this.#scratch.words[0] = value;
    return libc().setsockopt(this.#fd, SOL_XDP, option, this.#scratch.address, 4);
  }

  #getOption(option: number, lengthBytes: number): Int32Array & { readonly 0: number } {
    const { words, address } = this.#scratch;
    const lengthWord = 40;
    words[lengthWord] = lengthBytes;
    const status = libc().getsockopt(
      ...([this.#fd, SOL_XDP, option, address, address + 4 * lengthWord] as const),
    );
    this.#check("getsockopt AF_XDP", status);
    return words as Int32Array & { readonly 0: number };
  }

  #check(call: string, status: number): number {
    if (status < 0) throw new SyscallError(call, foreignLibrary().lastErrno(), this.#subject);
    return status;
  }
}
