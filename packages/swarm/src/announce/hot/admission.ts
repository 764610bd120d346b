/**
 * Who may announce and scrape: asked once per info hash by UDP, HTTP and WebTorrent, before the store is. Today the
 * access list decides. Each worker thread has its own Admission; a reload replaces its list between two requests.
 *
 * Clients are told `TORRENT_REFUSED_TEXT` of `bittorrent`, whatever the protocol.
 */
import type { Announce } from "./announce.ts";

/** Which torrents are served: the access list, or a test's own. */
export interface InfoHashFilter {
  /** `words` holds the five words of an info hash, as they lie in memory, from `at`. */
  allows(words: Int32Array, at: number): boolean;
}

export class Admission {
  private infoHashes: InfoHashFilter;

  constructor(infoHashes: InfoHashFilter) {
    this.infoHashes = infoHashes;
  }

  /** Takes another list into use. */
  replace(infoHashes: InfoHashFilter): void {
    this.infoHashes = infoHashes;
  }

  /** Whether the tracker serves this announce. */
  admits(announce: Announce): boolean {
    return this.infoHashes.allows(announce.infoHash, announce.infoHashAt);
  }

  /** Whether a scrape may read this torrent; a refused one reads as zeros, like an unknown one. */
  admitsScrape(infoHash: Int32Array, infoHashAt: number): boolean {
    return this.infoHashes.allows(infoHash, infoHashAt);
  }
}
