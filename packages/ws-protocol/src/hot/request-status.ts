/**
 * What became of a client's message, as small integers, and for those that get an error what it says.
 *
 * Called by the request parser and by whoever answers; `docs/protocol/ws.md` has the same table.
 */
import {
  ADDRESS_REFUSED_TEXT,
  PEERS_OF_ADDRESS_TEXT,
  SCRAPES_OF_ADDRESS_TEXT,
  TORRENT_REFUSED_TEXT,
  TORRENTS_OF_ADDRESS_TEXT,
} from "@swarmtide/bittorrent";
import { asciiBytes } from "./json-object.ts";

export const REQUEST_ANNOUNCE = 1;
export const REQUEST_SCRAPE = 2;

/** Not UTF-8: the one status that ends the connection (close code 1007), without an error message. */
export const REQUEST_BAD_UTF8 = 16;
export const REQUEST_BAD_JSON = 17;
export const REQUEST_BAD_DEPTH = 18;
export const REQUEST_BAD_SHAPE = 19;
export const REQUEST_BAD_ACTION = 20;
export const REQUEST_BAD_INFO_HASH = 21;
export const REQUEST_BAD_PEER_ID = 22;
export const REQUEST_BAD_OFFERS = 26;
export const REQUEST_BAD_ANSWER = 27;
export const REQUEST_BAD_TO_PEER_ID = 28;
export const REQUEST_BAD_OFFER_ID = 29;
export const REQUEST_BAD_SCRAPE_ALL = 30;
export const REQUEST_BAD_SCRAPE_LENGTH = 32;

/** Refusals that the tracker finds, not the parser. */
export const REFUSED_ACCESS = 40;
export const REFUSED_TORRENTS = 42;
export const REFUSED_ANSWER = 43;
export const REFUSED_FULL = 44;
export const REFUSED_ADDRESS = 45;
export const REFUSED_PEERS_OF_ADDRESS = 46;
export const REFUSED_TORRENTS_OF_ADDRESS = 47;
export const REFUSED_SCRAPES_OF_ADDRESS = 48;

/** Which action an error names. */
export const ACTION_UNKNOWN = 0;
export const ACTION_IS_ANNOUNCE = 1;
export const ACTION_IS_SCRAPE = 2;

const TEXTS: readonly (readonly [number, string])[] = [
  [REQUEST_BAD_UTF8, "The message is not UTF-8"],
  [REQUEST_BAD_JSON, "The message is not JSON"],
  [REQUEST_BAD_DEPTH, "The message nests arrays and objects too deeply"],
  [REQUEST_BAD_SHAPE, "The message is not a JSON object"],
  [REQUEST_BAD_ACTION, "action must be announce or scrape"],
  [REQUEST_BAD_INFO_HASH, "info_hash must be 20 characters, one for each byte"],
  [REQUEST_BAD_PEER_ID, "peer_id must be 20 characters, one for each byte"],
  [REQUEST_BAD_OFFERS, "offers must be a list of {offer: {type: offer, sdp}, offer_id}"],
  [REQUEST_BAD_ANSWER, "answer must be {type: answer, sdp}"],
  [REQUEST_BAD_TO_PEER_ID, "to_peer_id must be 20 characters and stand with an answer"],
  [REQUEST_BAD_OFFER_ID, "offer_id must be 20 characters and stand with an answer"],
  [REQUEST_BAD_SCRAPE_ALL, "Full scrapes are not allowed: name the info_hash"],
  [REQUEST_BAD_SCRAPE_LENGTH, "Too many info hashes in one scrape"],
  [REFUSED_ACCESS, TORRENT_REFUSED_TEXT],
  [REFUSED_TORRENTS, "Too many torrents on this connection"],
  [REFUSED_FULL, "The tracker is full: try again later"],
  [REFUSED_ADDRESS, ADDRESS_REFUSED_TEXT],
  [REFUSED_PEERS_OF_ADDRESS, PEERS_OF_ADDRESS_TEXT],
  [REFUSED_TORRENTS_OF_ADDRESS, TORRENTS_OF_ADDRESS_TEXT],
  [REFUSED_SCRAPES_OF_ADDRESS, SCRAPES_OF_ADDRESS_TEXT],
  [REFUSED_ANSWER, "No such offer was made to you, or it has expired or been answered"],
];

const textBytes: Uint8Array[] = [];
for (const entry of TEXTS) textBytes[entry[0]] = asciiBytes(entry[1]);

/** What the failure reason of a status says, in ASCII without quotes and backslashes; undefined for a request. */
export function failureReasonOf(status: number): Uint8Array | undefined {
  return textBytes[status];
}

/** Every status that is a refusal, for tables and tests. */
export const FAILURE_STATUSES: readonly number[] = TEXTS.map(([status]) => status);
