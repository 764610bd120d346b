/** How long a reply can be: what engines make their slots of. Called when a worker starts. */
import {
  ANNOUNCE_REPLY_HEADER_BYTES,
  ERROR_REPLY_BYTES_MAX,
  PEER_IPV6_BYTES,
  SCRAPE_ENTRY_BYTES,
  SCRAPE_REPLY_HEADER_BYTES,
} from "@swarmtide/udp-protocol";

/** Bytes of the longest reply that a handler with these limits writes. */
export function replyBytesMax(responsePeersMax: number, scrapeTorrentsMax: number): number {
  return Math.max(
    ANNOUNCE_REPLY_HEADER_BYTES + responsePeersMax * PEER_IPV6_BYTES,
    SCRAPE_REPLY_HEADER_BYTES + scrapeTorrentsMax * SCRAPE_ENTRY_BYTES,
    ERROR_REPLY_BYTES_MAX,
  );
}

/** IPv6 peers that an announce reply of so many bytes holds. */
export const peersThatFit = (replyBytes: number): number =>
  Math.floor((replyBytes - ANNOUNCE_REPLY_HEADER_BYTES) / PEER_IPV6_BYTES);
