/**
 * The words of the WebTorrent protocol that the request parser looks for.
 *
 * Read only; an index into a table is what the parser remembers of a word.
 */
import {
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from "@swarmtide/bittorrent";
import { asciiBytes } from "./json-object.ts";

/** Arrays and objects within one another; real messages need four levels. */
export const REQUEST_DEPTH_MAX = 32;

/** Members of a message, as indices of FIELDS. */
export const FIELD_ACTION = 0;
export const FIELD_INFO_HASH = 1;
export const FIELD_PEER_ID = 2;
export const FIELD_LEFT = 3;
export const FIELD_EVENT = 4;
export const FIELD_OFFERS = 5;
export const FIELD_NUMWANT = 6;
export const FIELD_ANSWER = 7;
export const FIELD_TO_PEER_ID = 8;
export const FIELD_OFFER_ID = 9;
export const FIELDS: readonly Uint8Array[] = [
  asciiBytes("action"),
  asciiBytes("info_hash"),
  asciiBytes("peer_id"),
  asciiBytes("left"),
  asciiBytes("event"),
  asciiBytes("offers"),
  asciiBytes("numwant"),
  asciiBytes("answer"),
  asciiBytes("to_peer_id"),
  asciiBytes("offer_id"),
];
export const OFFER_FIELDS: readonly Uint8Array[] = [asciiBytes("offer"), asciiBytes("offer_id")];
export const DESCRIPTION_FIELDS: readonly Uint8Array[] = [asciiBytes("type"), asciiBytes("sdp")];
export const ACTIONS: readonly Uint8Array[] = [asciiBytes("announce"), asciiBytes("scrape")];
export const DESCRIPTION_TYPES: readonly Uint8Array[] = [asciiBytes("offer"), asciiBytes("answer")];
/** In lower case; clients write them in any. */
export const EVENTS: readonly Uint8Array[] = [
  asciiBytes("started"),
  asciiBytes("completed"),
  asciiBytes("stopped"),
  asciiBytes("update"),
  asciiBytes("paused"),
  asciiBytes(""),
];
export const EVENT_OF_WORD = Uint8Array.of(
  EVENT_STARTED,
  EVENT_COMPLETED,
  EVENT_STOPPED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_NONE,
);
