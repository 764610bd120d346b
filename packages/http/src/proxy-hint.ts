/**
 * Notices a proxy that the operator forgot to trust: a steady stream of announces from one address that all carry
 * forwarding headers. Without trust every client behind it is recorded under the proxy's address, which nobody
 * notices until no transfer works.
 *
 * One address is a candidate at a time; its announces count up, those of others count down (a majority vote in
 * constant memory). One worker owns one of these.
 */
import { formatIpAddress } from "@swarmtide/bittorrent";
import type { HttpPeer } from "./http-peer.ts";

/** How far one address must lead before it is named. */
export const HINT_ANNOUNCES = 200;

export class ProxyHint {
  #word0 = 0;
  #word1 = 0;
  #word2 = 0;
  #word3 = 0;
  #lead = 0;
  #found: HttpPeer | undefined;

  /** Notes an announce from an untrusted address that carries a forwarding header. */
  note(peer: HttpPeer): void {
    if (
      this.#word0 === peer.word0 &&
      this.#word1 === peer.word1 &&
      this.#word2 === peer.word2 &&
      this.#word3 === peer.word3
    ) {
      this.#lead++;
      if (this.#lead === HINT_ANNOUNCES) this.#found = peer;
    } else if (this.#lead > 0) {
      this.#lead--;
    } else {
      this.#word0 = peer.word0;
      this.#word1 = peer.word1;
      this.#word2 = peer.word2;
      this.#word3 = peer.word3;
      this.#lead = 1;
    }
  }

  /** The log line for the address that was found since the last call, if any. */
  take(headerName: string): string | undefined {
    const found = this.#found;
    if (found === undefined) return undefined;
    this.#found = undefined;
    const address = formatIpAddress(found.addressBytes());
    return (
      `${address} sends many announces with forwarding headers but is no trusted proxy: all its clients are ` +
      `recorded under its own address. If it is your proxy, add "${address}" to trusted_proxies in [web] and let it ` +
      `send ${headerName === "" ? "a client address header" : headerName}`
    );
  }
}
