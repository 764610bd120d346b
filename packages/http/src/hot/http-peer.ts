/**
 * What the HTTP tracker must know of one connection: who is at its other end. The engine that owns the connection
 * makes one when it is accepted and passes it along with the bytes; the handler counts its requests in it.
 * peer-address.ts makes one from bytes.
 */
import type { Cidr } from "@swarmtide/bittorrent";
import { isTrusted } from "./trusted-proxies.ts";

/** Where an address is laid out as bytes, to be compared with trusted ranges. Modules are loaded once per thread. */
const words = new Int32Array(4);
const ipv6Bytes = new Uint8Array(words.buffer);
const ipv4Bytes = ipv6Bytes.subarray(0, 4);

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

  /** Begins a connection from the address of 1 word (family 4) or 4 words (family 6) at `at`, never an IPv4-mapped one. */
  setAddress(source: Int32Array, at: number, family: 4 | 6, trustedProxies: readonly Cidr[]): void {
    const isIpv6 = family === 6;
    this.family = family;
    this.word0 = source[at];
    this.word1 = isIpv6 ? source[at + 1] : 0;
    this.word2 = isIpv6 ? source[at + 2] : 0;
    this.word3 = isIpv6 ? source[at + 3] : 0;
    this.requestCount = 0;
    this.isTrustedProxy = trustedProxies.length !== 0 && this.isAmong(trustedProxies);
  }

  private isAmong(trustedProxies: readonly Cidr[]): boolean {
    words[0] = this.word0;
    words[1] = this.word1;
    words[2] = this.word2;
    words[3] = this.word3;
    return isTrusted(trustedProxies, this.family === 4 ? ipv4Bytes : ipv6Bytes);
  }
}
