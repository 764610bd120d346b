/**
 * Packet info: which of the machine's addresses a datagram was sent to, so that its reply leaves from there. One object per
 * DatagramBatch, whose thread owns it; the kernel fills the blocks as it receives. ip(7) and ipv6(7), cmsg(3).
 *
 * A block is a struct cmsghdr, by words: 0 length (28 or 36), 2 level, 3 type, then
 *   IPv4 in_pktinfo:  4 interface index, 5 local address (source of a reply), 6 address of the packet's header;
 *   IPv6 in6_pktinfo: 4–7 local address, 8 interface index.
 * A datagram to 127.0.0.2 that came in over interface 1, as received:
 *   1c000000 00000000 00000000 08000000 01000000 7f000002 7f000002 (bytes in memory order, grouped by words)
 * The block goes back with the reply as it is, only the interface becomes 0 so that routing chooses the way out; or
 * it stays behind where the kernel would choose that source anyway (`learnLocalAddresses`).
 */
import { NativeMemory } from "../native-memory.ts";
import type { IpFamily } from "../socket-address.ts";
import { PACKET_INFO_BYTES } from "./message-table.ts";

/** CMSG_SPACE of in_pktinfo (12 bytes) and in6_pktinfo (20 bytes): what the kernel fills on receiving. */
const RECEIVED_BYTES_IPV4 = 32;
const RECEIVED_BYTES_IPV6 = 40;
/** CMSG_LEN, for sending: the kernel has 36 bytes ready on its stack and allocates (0.2 µs) for more. */
const SENT_BYTES_IPV6 = 36;

const INFO_WORDS = PACKET_INFO_BYTES / 4;
const IPV4_INTERFACE_WORD = 4;
const IPV4_ADDRESS_WORD = 5;
const IPV6_INTERFACE_WORD = 8;
const IPV6_ADDRESS_BYTE = 16;
const LOOPBACK_NETWORK = 127;

export class PacketInfos {
  readonly bytes: Uint8Array;
  /** The same memory in words of 32 bits. */
  readonly words: Int32Array;
  readonly address: number;
  /** Bytes of a block as the kernel fills it, and as it is sent. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
  private readonly family: IpFamily;
  /** The only IPv4 address of the machine inside and outside of 127.0.0.0/8, network order; 0 with none or several. */
  private onlyLoopback4 = 0;
  private onlyAddress4 = 0;

  constructor(count: number, family: IpFamily) {
    const memory = new NativeMemory(count * PACKET_INFO_BYTES);
    this.bytes = memory.bytes;
    this.words = memory.words;
    this.address = memory.address;
    this.family = family;
    this.receivedBytes = family === 4 ? RECEIVED_BYTES_IPV4 : RECEIVED_BYTES_IPV6;
    this.sentBytes = family === 4 ? RECEIVED_BYTES_IPV4 : SENT_BYTES_IPV6;
  }

  /** Readies block `index` for the way back to a peer; `peer` is its first word. False when the reply needs none. */
  isNeeded(index: number, peer: number): boolean {
    return this.family === 4 ? this.isNeeded4(index, peer) : this.isNeeded6(index);
  }

  /** False when the kernel would choose this source anyway. */
  private isNeeded4(index: number, peer: number): boolean {
    const words = this.words;
    const info = index * INFO_WORDS;
    const chosen = (peer & 255) === LOOPBACK_NETWORK ? this.onlyLoopback4 : this.onlyAddress4;
    if (words[info + IPV4_ADDRESS_WORD] === chosen) return false;
    words[info + IPV4_INTERFACE_WORD] = 0;
    return true;
  }

  /** The same for IPv6, where giving the source is cheaper than having it chosen. */
  private isNeeded6(index: number): boolean {
    const bytes = this.bytes;
    const address = index * PACKET_INFO_BYTES + IPV6_ADDRESS_BYTE;
    const first = bytes[address];
    // A multicast address cannot be a source: let the kernel choose one.
    if (first === 0xff) return false;
    // A link-local address means nothing without its interface, any other is routed.
    if (first !== 0xfe || (bytes[address + 1] & 0xc0) !== 0x80)
      this.words[index * INFO_WORDS + IPV6_INTERFACE_WORD] = 0;
    return true;
  }

  /** See DatagramBatch.learnLocalAddresses. */
  learnLocalAddresses(addresses: Int32Array): void {
    let loopback = 0;
    let others = 0;
    this.onlyLoopback4 = 0;
    this.onlyAddress4 = 0;
    for (let i = 0; i < addresses.length; i++)
      if ((addresses[i] & 255) === LOOPBACK_NETWORK) {
        loopback++;
        this.onlyLoopback4 = addresses[i];
      } else {
        others++;
        this.onlyAddress4 = addresses[i];
      }
    if (loopback !== 1) this.onlyLoopback4 = 0;
    if (others !== 1) this.onlyAddress4 = 0;
  }
}
