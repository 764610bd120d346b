/**
 * The texts of failures and warnings, as bytes, made once per worker. They are shown to people by their BitTorrent
 * clients.
 */
import {
  ADDRESS_REFUSED_TEXT,
  BUSY_TEXT,
  PEERS_OF_ADDRESS_TEXT,
  SCRAPES_OF_ADDRESS_TEXT,
  TORRENT_REFUSED_TEXT,
  TORRENTS_OF_ADDRESS_TEXT,
} from "@swarmtide/bittorrent";
import { asciiBytes, describeQueryStatus, QUERY_STATUS_COUNT } from "@swarmtide/http-protocol";

/** Minutes after which an operator may have mended the proxy. */
export const RETRY_PROXY_MINUTES = 15;

/** Minutes after which other peers of an address may have gone; and seconds of a scrape, rounded up. */
export const RETRY_LIMIT_MINUTES = 20;
export const RETRY_SCRAPE_MINUTES = 1;
/** Minutes after which a repeat is none any more. */
export const RETRY_BUSY_MINUTES = 1;

/** For an announce that was answered although the peer could not be kept. */
export const WARNING_FULL = asciiBytes(
  "this tracker has no room for more peers; others will not find you here",
);

export interface Failures {
  /** By query status. */
  readonly query: readonly Uint8Array[];
  readonly refusedTorrent: Uint8Array;
  readonly proxyMissing: Uint8Array;
  readonly proxyBad: Uint8Array;
  readonly addressRefused: Uint8Array;
  readonly peersOfAddress: Uint8Array;
  readonly torrentsOfAddress: Uint8Array;
  readonly scrapesOfAddress: Uint8Array;
  readonly busy: Uint8Array;
  readonly noWarning: Uint8Array;
}

export function makeFailures(forwardedHeaderName: string): Failures {
  return {
    query: Array.from({ length: QUERY_STATUS_COUNT }, (_, status) =>
      asciiBytes(describeQueryStatus(status)),
    ),
    refusedTorrent: asciiBytes(TORRENT_REFUSED_TEXT),
    proxyMissing: asciiBytes(
      `the proxy before this tracker does not say who asks (no ${forwardedHeaderName} header)`,
    ),
    proxyBad: asciiBytes(
      `the proxy before this tracker sends no IP address in its ${forwardedHeaderName} header`,
    ),
    addressRefused: asciiBytes(ADDRESS_REFUSED_TEXT),
    peersOfAddress: asciiBytes(PEERS_OF_ADDRESS_TEXT),
    torrentsOfAddress: asciiBytes(TORRENTS_OF_ADDRESS_TEXT),
    scrapesOfAddress: asciiBytes(SCRAPES_OF_ADDRESS_TEXT),
    busy: asciiBytes(BUSY_TEXT),
    noWarning: new Uint8Array(0),
  };
}

/** What the detail of a refusal says, see RefusalWriter: the status of its query. */
export const describeHttpRefusal = (detail: number): string | undefined =>
  detail > 0 && detail < QUERY_STATUS_COUNT ? describeQueryStatus(detail) : undefined;
