/**
 * Writes the headers of a reply's frame: those of its request with sender and receiver exchanged, and checksums over what
 * follows. Called for each reply of the engine `xdp`; the memory is the frames of one queue. RFC 768, 791, 1071, 8200;
 * frame-layout.ts draws the frame.
 *
 * Frames begin two bytes behind a multiple of 4, so headers of IP and UDP are whole words. Example, the reply of 16 bytes
 * to a connect of 10.0.0.2:6881 at 10.0.0.1:3000, words from byte 14 on in memory order:
 *   4500002c 00004000 401126be 0a000001 0a000002 · 0bb81ae1 0018…
 */
import { ETHERNET_BYTES, FRAMES, UDP_HEADER_BYTES } from "../frame-layout.ts";

const HOPS = 64;
const PROTOCOL_UDP = 17;
/** `00 00 40 00`: no identification, do not fragment. */
const NO_FRAGMENTS_WORD = 0x00400000;
const IPV4_VERSION = 0x45;
const IPV6_VERSION = 0x60;
const IPV4_HEADER_BYTES = FRAMES[4].udpAt - ETHERNET_BYTES;

/** The memory that both frames lie in. */
export class PacketHeaders {
  private readonly bytes: Uint8Array;
  private readonly halfwords: Uint16Array;
  private readonly words: Int32Array;

  constructor(bytes: Uint8Array, halfwords: Uint16Array, words: Int32Array) {
    this.bytes = bytes;
    this.halfwords = halfwords;
    this.words = words;
  }

  /**
   * Completes the frame at `reply` whose payload of `length` bytes is written, as a reply to the frame at `request`.
   * Returns the bytes of the whole frame.
   */
  write(request: number, reply: number, length: number, family: 4 | 6): number {
    this.writeEthernet(request >> 1, reply >> 1);
    return family === 4
      ? this.writeIpv4(request, reply, length)
      : this.writeIpv6(request, reply, length);
  }

  private writeEthernet(request: number, reply: number): void {
    const halfwords = this.halfwords;
    halfwords[reply] = halfwords[request + 3];
    halfwords[reply + 1] = halfwords[request + 4];
    halfwords[reply + 2] = halfwords[request + 5];
    halfwords[reply + 3] = halfwords[request];
    halfwords[reply + 4] = halfwords[request + 1];
    halfwords[reply + 5] = halfwords[request + 2];
    halfwords[reply + 6] = halfwords[request + 6];
  }

  private writeIpv4(request: number, reply: number, length: number): number {
    const words = this.words;
    const from = (request + ETHERNET_BYTES) >> 2;
    const to = (reply + ETHERNET_BYTES) >> 2;
    words[to] = IPV4_VERSION | (networkOrder(IPV4_HEADER_BYTES + UDP_HEADER_BYTES + length) << 16);
    words[to + 1] = NO_FRAGMENTS_WORD;
    words[to + 2] = HOPS | (PROTOCOL_UDP << 8);
    words[to + 3] = words[from + 4];
    words[to + 4] = words[from + 3];
    words[to + 2] |= complement(this.sum(to, 5)) << 16;
    return this.writeUdp(from + 5, to + 3, 2, reply + FRAMES[4].payloadAt, length) - reply;
  }

  private writeIpv6(request: number, reply: number, length: number): number {
    const words = this.words;
    const from = (request + ETHERNET_BYTES) >> 2;
    const to = (reply + ETHERNET_BYTES) >> 2;
    words[to] = IPV6_VERSION;
    words[to + 1] = networkOrder(UDP_HEADER_BYTES + length) | (PROTOCOL_UDP << 16) | (HOPS << 24);
    for (let i = 0; i < 4; i++) {
      words[to + 2 + i] = words[from + 6 + i];
      words[to + 6 + i] = words[from + 2 + i];
    }
    return this.writeUdp(from + 10, to + 2, 8, reply + FRAMES[6].payloadAt, length) - reply;
  }

  /**
   * `requestUdp` and `addresses` are words; the addresses take `addressWords` and are followed by the header. Returns the
   * byte behind the payload, which begins at `payload`.
   */
  private writeUdp(
    requestUdp: number,
    addresses: number,
    addressWords: number,
    payload: number,
    length: number,
  ): number {
    const { bytes, words } = this;
    const ports = words[requestUdp];
    const udp = addresses + addressWords;
    const lengthOfUdp = networkOrder(UDP_HEADER_BYTES + length);
    words[udp] = (ports >>> 16) | (ports << 16);
    words[udp + 1] = lengthOfUdp;
    // What an earlier reply left behind the last byte must not count.
    const end = payload + length;
    for (let i = end; (i & 3) !== 0; i++) bytes[i] = 0;
    const sum =
      this.sum(addresses, addressWords + 2 + ((length + 3) >> 2)) +
      lengthOfUdp +
      (PROTOCOL_UDP << 8);
    const checksum = complement(sum);
    words[udp + 1] |= (checksum === 0 ? 0xffff : checksum) << 16;
    return end;
  }

  /** The sum of 16-bit words, not folded: below 2^31 for all that fits a frame. */
  private sum(fromWord: number, count: number): number {
    const words = this.words;
    let sum = 0;
    for (let i = fromWord; i < fromWord + count; i++)
      sum += (words[i] & 0xffff) + (words[i] >>> 16);
    return sum;
  }
}

/** A 16-bit number with its bytes exchanged. */
function networkOrder(value: number): number {
  return ((value & 0xff) << 8) | ((value >> 8) & 0xff);
}

/** The checksum of a sum. */
function complement(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return ~((once & 0xffff) + (once >>> 16)) & 0xffff;
}
