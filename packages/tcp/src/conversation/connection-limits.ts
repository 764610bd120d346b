/**
 * How many connections a worker keeps open, in all and from one address. Asked for each connection when it is
 * accepted, told when it is closed; memory grows with the addresses that are connected and with nothing else.
 *
 * An IPv6 address counts as its /48, the network one customer is usually given: with a limit on single addresses one
 * such customer would have 2^80 of them.
 */
import type { HttpPeer } from "@swarmtide/http";

export const LIMIT_OK = 0;
export const LIMIT_TOTAL = 1;
export const LIMIT_ADDRESS = 2;

/** Set in the keys of IPv6 networks, which are 48 bits, so that none equals one of IPv4. */
const IPV6_KEY = 2 ** 48;

export class ConnectionLimits {
  /** Open connections. */
  count = 0;
  readonly #totalMax: number;
  readonly #perAddressMax: number;
  readonly #countOfAddress = new Map<number, number>();

  constructor(totalMax: number, perAddressMax: number) {
    this.#totalMax = totalMax;
    this.#perAddressMax = perAddressMax;
  }

  /** Counts a connection in and returns `LIMIT_OK`, or says which limit refuses it. */
  open(peer: HttpPeer): number {
    if (this.count >= this.#totalMax) return LIMIT_TOTAL;
    if (!peer.isTrustedProxy) {
      const key = addressKey(peer);
      const count = this.#countOfAddress.get(key) ?? 0;
      if (count >= this.#perAddressMax) return LIMIT_ADDRESS;
      this.#countOfAddress.set(key, count + 1);
    }
    this.count++;
    return LIMIT_OK;
  }

  /** Counts a connection out that `open` let in. */
  close(peer: HttpPeer): void {
    this.count--;
    if (peer.isTrustedProxy) return;
    const key = addressKey(peer);
    const count = this.#countOfAddress.get(key) ?? 0;
    if (count <= 1) this.#countOfAddress.delete(key);
    else this.#countOfAddress.set(key, count - 1);
  }

  /** Addresses with open connections. */
  get addressCount(): number {
    return this.#countOfAddress.size;
  }
}

/** The IPv4 address, or the first 48 bits of the IPv6 address: words hold network order on little-endian machines. */
function addressKey(peer: HttpPeer): number {
  if (peer.family === 4) return peer.word0 >>> 0;
  return IPV6_KEY + (peer.word1 & 0xffff) * 2 ** 32 + (peer.word0 >>> 0);
}
