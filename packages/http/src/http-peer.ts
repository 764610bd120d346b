/**
 * What the HTTP tracker must know of one connection: who is at its other end. The engine that owns the connection
 * makes one when it is accepted and passes it along with the bytes; the handler counts its requests in it.
 */
import { type Cidr, cidrContains } from "@swarmtide/bittorrent";

/** Word 2 of an IPv4-mapped IPv6 address: the bytes 00 00 ff ff, read by a little-endian machine. */
const MAPPED_WORD = 0xffff0000 | 0;

/** The other end of one connection. May be used again for another one after `setAddress`. */
export class HttpPeer {
  /** 4 for IPv4 (IPv4-mapped IPv6 addresses too), else 6. */
  family: 4 | 6 = 4;
  /** The address in network order, read as words of this machine; the last three are 0 for IPv4. */
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  /** Whether it is a trusted proxy, so that its header says who asks. */
  isTrustedProxy = false;
  /** Requests answered on this connection. */
  requestCount = 0;

  /** A peer with the address of 4 or 16 bytes in network order. */
  static at(address: Uint8Array, trustedProxies: readonly Cidr[] = []): HttpPeer {
    const peer = new HttpPeer();
    peer.setAddressBytes(address, trustedProxies);
    return peer;
  }

  /** As `setAddress`, for an address of 4 or 16 bytes in network order. */
  setAddressBytes(address: Uint8Array, trustedProxies: readonly Cidr[]): void {
    const words = new Int32Array(4);
    new Uint8Array(words.buffer).set(address);
    this.setAddress(words, 0, address.length === 4 ? 4 : 6, trustedProxies);
  }

  /** Takes over the address of another peer. */
  copyFrom(other: HttpPeer): void {
    this.family = other.family;
    this.word0 = other.word0;
    this.word1 = other.word1;
    this.word2 = other.word2;
    this.word3 = other.word3;
    this.isTrustedProxy = other.isTrustedProxy;
    this.requestCount = 0;
  }

  /** Begins a connection from the address whose 1 or 4 words stand at `at`; an IPv4-mapped one becomes IPv4. */
  setAddress(words: Int32Array, at: number, family: 4 | 6, trustedProxies: readonly Cidr[]): void {
    const isMapped =
      family === 6 && words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MAPPED_WORD;
    const isIpv6 = family === 6 && !isMapped;
    this.family = isIpv6 ? 6 : 4;
    this.word0 = isMapped ? words[at + 3] : words[at];
    this.word1 = isIpv6 ? words[at + 1] : 0;
    this.word2 = isIpv6 ? words[at + 2] : 0;
    this.word3 = isIpv6 ? words[at + 3] : 0;
    this.requestCount = 0;
    this.isTrustedProxy =
      trustedProxies.length !== 0 && isTrusted(trustedProxies, this.addressBytes());
  }

  /** The 4 or 16 bytes of the address. */
  addressBytes(): Uint8Array {
    const words = Int32Array.of(this.word0, this.word1, this.word2, this.word3);
    return new Uint8Array(words.buffer).slice(0, this.family === 4 ? 4 : 16);
  }
}

/** Whether an address lies in one of the blocks. */
export function isTrusted(trustedProxies: readonly Cidr[], address: Uint8Array): boolean {
  for (const cidr of trustedProxies) if (cidrContains(cidr, address)) return true;
  return false;
}
