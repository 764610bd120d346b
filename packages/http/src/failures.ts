/**
 * The texts of failures and warnings, as bytes, made once per worker. They are shown to people by their BitTorrent
 * clients.
 */
import { TORRENT_REFUSED_TEXT } from "@swarmtide/bittorrent";
import { asciiBytes, describeQueryStatus, QUERY_STATUS_COUNT } from "@swarmtide/http-protocol";

/** Minutes after which an operator may have mended the proxy. */
export const RETRY_PROXY_MINUTES = 15;

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
    noWarning: new Uint8Array(0),
  };
}
