/**
 * Who may announce and scrape: asked once per info hash by UDP, HTTP and WebTorrent, before the store is. The access
 * list decides, and for addresses the list of [limits]. Each worker thread has an Admission, which all its protocols ask; a
 * reload replaces its list between two requests.
 *
 * Clients are told `TORRENT_REFUSED_TEXT` or `ADDRESS_REFUSED_TEXT` of `bittorrent`, whatever the protocol.
 */
import type { AddressRanges } from "../../limits/hot/address-ranges.ts";
import type { Announce } from "./announce.ts";

/** Which torrents are served: the access list, or a test's own. */
export interface InfoHashFilter {
  /** `words` holds the five words of an info hash, as they lie in memory, from `at`. */
  allows(words: Int32Array, at: number): boolean;
  /** Which addresses are served; undefined for all. */
  readonly addresses?: AddressRanges | undefined;
}

/** Serves all torrents and addresses. */
export const EVERY_TORRENT: InfoHashFilter = { allows: () => true };

export class Admission {
  private infoHashes: InfoHashFilter;
  private addresses: AddressRanges | undefined;

  constructor(infoHashes: InfoHashFilter) {
    this.infoHashes = infoHashes;
    this.addresses = infoHashes.addresses;
  }

  /** Takes another list into use. */
  replace(infoHashes: InfoHashFilter): void {
    this.infoHashes = infoHashes;
    this.addresses = infoHashes.addresses;
  }

  /** Whether the address of 1 (family 4) or 4 words (family 6) at `at` may announce and scrape. */
  admitsAddress(words: Int32Array, at: number, family: 4 | 6): boolean {
    return this.addresses === undefined || this.addresses.allows(words, at, family);
  }

  /** Whether the tracker serves this announce. */
  admits(announce: Announce): boolean {
    return this.admitsTorrent(announce.infoHash, announce.infoHashAt);
  }

  /** Whether the tracker serves the torrent. To a scrape a refused one reads as zeros, like an unknown one. */
  admitsTorrent(infoHash: Int32Array, infoHashAt: number): boolean {
    return this.infoHashes.allows(infoHash, infoHashAt);
  }
}
