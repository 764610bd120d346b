/**
 * Notices a proxy that the operator forgot to trust: a steady stream of announces from one address that all carry
 * forwarding headers. Without trust every client behind it is recorded under the proxy's address, which nobody
 * notices until no transfer works.
 *
 * One address is a candidate at a time; its announces count up, those of others count down (a majority vote in
 * constant memory, Boyer and Moore 1981). One worker owns one of these.
 */
import { HttpPeer } from "./http-peer.ts";

/** How far one address must lead before it is named. */
export const HINT_ANNOUNCES = 200;

export class ProxyHint {
  private readonly candidate = new HttpPeer();
  private lead = 0;
  private readonly found = new HttpPeer();
  private isFound = false;

  /** Notes an announce from an untrusted address that carries a forwarding header. */
  note(peer: HttpPeer): void {
    const { candidate } = this;
    if (
      candidate.word0 === peer.word0 &&
      candidate.word1 === peer.word1 &&
      candidate.word2 === peer.word2 &&
      candidate.word3 === peer.word3
    ) {
      this.lead++;
      if (this.lead !== HINT_ANNOUNCES) return;
      this.found.copyFrom(candidate);
      this.isFound = true;
    } else if (this.lead > 0) {
      this.lead--;
    } else {
      candidate.copyFrom(peer);
      this.lead = 1;
    }
  }

  /** The address that was found since the last call, if any. */
  take(): HttpPeer | undefined {
    if (!this.isFound) return undefined;
    this.isFound = false;
    return this.found;
  }
}
