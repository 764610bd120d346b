/**
 * What the HTTP tracker must know of one connection: who is at its other end. The engine that owns the connection
 * makes one when it is accepted and passes it along with the bytes; the handler counts its requests in it.
 */
import { type Cidr, canonicalAddress, cidrContains } from "@swarmtide/bittorrent";

/** The other end of one connection. */
export class HttpPeer {
  /** 4 for IPv4 (IPv4-mapped IPv6 addresses too), else 6. */
  readonly family: 4 | 6;
  /** The address in network order, read as words of this machine; the last three are 0 for IPv4. */
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  /** Whether it is a trusted proxy, so that its header says who asks. */
  readonly isTrustedProxy: boolean;
  /** Requests answered on this connection. */
  requestCount = 0;

  /** `address` has 4 or 16 bytes in network order. */
  constructor(address: Uint8Array, trustedProxies: readonly Cidr[] = []) {
    const canonical = canonicalAddress(address);
    const words = new Int32Array(4);
    new Uint8Array(words.buffer).set(canonical);
    this.family = canonical.length === 4 ? 4 : 6;
    this.word0 = words[0];
    this.word1 = words[1];
    this.word2 = words[2];
    this.word3 = words[3];
    this.isTrustedProxy = isTrusted(trustedProxies, canonical);
  }

  /** The 4 or 16 bytes of the address, for log lines. */
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
