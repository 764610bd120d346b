/**
 * The words of every error reply a UDP tracker sends, encoded once, and the names of the parse outcomes.
 *
 * Called when a handler is set up, and by statistics. An error reply goes out only to a client whose connection id is
 * valid, so nobody can have one sent to a stranger.
 */
import {
  ADDRESS_REFUSED_TEXT,
  PEERS_OF_ADDRESS_TEXT,
  SCRAPES_OF_ADDRESS_TEXT,
  TORRENT_REFUSED_TEXT,
  TORRENTS_OF_ADDRESS_TEXT,
} from "@swarmtide/bittorrent";
import { REPLY_HEADER_BYTES } from "./hot/reply.ts";
import {
  UDP_ERROR_FULL_SCRAPE,
  UDP_ERROR_PORT_ZERO,
  UDP_ERROR_SCRAPE_LIST,
} from "./hot/request.ts";

const encoder = new TextEncoder();

/** For `UDP_ERROR_PORT_ZERO`. */
export const PORT_ZERO_MESSAGE: Uint8Array = encoder.encode("port 0 cannot be announced");
/** For `UDP_ERROR_FULL_SCRAPE`. */
export const FULL_SCRAPE_MESSAGE: Uint8Array = encoder.encode("scrape names no info hash");
/** For `UDP_ERROR_SCRAPE_LIST`. */
export const SCRAPE_LIST_MESSAGE: Uint8Array = encoder.encode("scrape ends within an info hash");
/** For an announce that the access list refuses. */
export const INFO_HASH_REFUSED_MESSAGE: Uint8Array = encoder.encode(TORRENT_REFUSED_TEXT);
/** For announces and scrapes that a limit of [limits] refuses. */
export const ADDRESS_REFUSED_MESSAGE: Uint8Array = encoder.encode(ADDRESS_REFUSED_TEXT);
export const PEERS_OF_ADDRESS_MESSAGE: Uint8Array = encoder.encode(PEERS_OF_ADDRESS_TEXT);
export const TORRENTS_OF_ADDRESS_MESSAGE: Uint8Array = encoder.encode(TORRENTS_OF_ADDRESS_TEXT);
export const SCRAPES_OF_ADDRESS_MESSAGE: Uint8Array = encoder.encode(SCRAPES_OF_ADDRESS_TEXT);

/** Bytes of the longest error reply with one of these messages. */
export const ERROR_REPLY_BYTES_MAX: number =
  REPLY_HEADER_BYTES +
  Math.max(
    PORT_ZERO_MESSAGE.length,
    FULL_SCRAPE_MESSAGE.length,
    SCRAPE_LIST_MESSAGE.length,
    INFO_HASH_REFUSED_MESSAGE.length,
    ADDRESS_REFUSED_MESSAGE.length,
    PEERS_OF_ADDRESS_MESSAGE.length,
    TORRENTS_OF_ADDRESS_MESSAGE.length,
    SCRAPES_OF_ADDRESS_MESSAGE.length,
  );

/** The message for one of the three `UDP_ERROR_…` outcomes. */
export function describeUdpStatus(status: number): Uint8Array {
  switch (status) {
    case UDP_ERROR_PORT_ZERO:
      return PORT_ZERO_MESSAGE;
    case UDP_ERROR_FULL_SCRAPE:
      return FULL_SCRAPE_MESSAGE;
    case UDP_ERROR_SCRAPE_LIST:
      return SCRAPE_LIST_MESSAGE;
    default:
      throw new RangeError(`parse status ${status} has no error message`);
  }
}

/** A short name for each parse outcome, by its number; statistics use them as labels. */
export const UDP_STATUS_NAMES: readonly string[] = [
  "connect",
  "announce",
  "scrape",
  "announce_unknown_event",
  "error_port_zero",
  "error_full_scrape",
  "error_scrape_list",
  "drop_short",
  "drop_action",
  "drop_connect_magic",
  "drop_announce_short",
];
