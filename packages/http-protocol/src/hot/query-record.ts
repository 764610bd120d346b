/**
 * The record an announce or a scrape is parsed into, and what can be wrong with one. One record per thread, used
 * again for every request; all its memory is allocated when it is made. Info hashes lie in `hashWords`, five
 * native-endian words each, ready to be handed to the swarm store; `hashBytes` is the same memory.
 */
import { EVENT_NONE, INFO_HASH_WORDS, PEER_ID_BYTES } from "@swarmtide/bittorrent";

/** `key` and `trackerid` are kept up to this many bytes; longer ones are treated as not given. */
export const QUERY_TEXT_BYTES_MAX = 64;

/** The query is in order. */
export const QUERY_OK = 0;
export const QUERY_BAD_PERCENT = 1;
export const QUERY_NO_INFO_HASH = 2;
export const QUERY_BAD_INFO_HASH = 3;
export const QUERY_NO_PEER_ID = 4;
export const QUERY_BAD_PEER_ID = 5;
export const QUERY_NO_PORT = 6;
export const QUERY_BAD_PORT = 7;
export const QUERY_BAD_LEFT = 8;
/** A scrape without info hash asks for every torrent, which is not on offer. */
export const QUERY_FULL_SCRAPE = 9;
/** One past the last status. */
export const QUERY_STATUS_COUNT = 10;

const QUERY_REASONS: readonly string[] = [
  "the query is in order",
  "a percent sign is not followed by two hex digits",
  "info_hash is missing",
  "info_hash is not 20 bytes long",
  "peer_id is missing",
  "peer_id is not 20 bytes long",
  "port is missing",
  "port is not a number from 1 to 65535",
  "left is not a number",
  "scrape needs at least one info_hash",
];

/** What is wrong, in words for the user of a BitTorrent client. */
export function describeQueryStatus(status: number): string {
  return QUERY_REASONS[status];
}

/** One announce or scrape. */
export class TrackerQuery {
  /** Most info hashes kept of one scrape; further ones are counted in `hashesSeen` and left out. */
  readonly infoHashesMax: number;
  readonly hashWords: Int32Array;
  readonly hashBytes: Uint8Array;
  /** Info hashes in `hashWords`: 0 or 1 after an announce. */
  hashCount = 0;
  /** Info hashes in the request. */
  hashesSeen = 0;

  readonly peerId = new Uint8Array(PEER_ID_BYTES);
  hasPeerId = false;
  /** -1 when missing. */
  port = -1;
  /** Bytes the peer lacks; -1 when missing, negative or empty. */
  left = -1;
  /** -1 when missing or not a number: nothing depends on it. */
  uploaded = -1;
  /** -1 when missing or not a number: nothing depends on it. */
  downloaded = -1;
  /** `EVENT_NONE` … `EVENT_PAUSED`. */
  event: number = EVENT_NONE;
  /** Whether the event is unknown; it is treated as none. */
  isEventUnknown = false;
  /** -1 when missing, empty, negative or not a number: as many as the tracker gives. */
  peersWanted = -1;
  /** False only for `compact=0`. */
  isCompact = true;
  wantsNoPeerId = false;

  readonly key = new Uint8Array(QUERY_TEXT_BYTES_MAX);
  keyLength = 0;
  readonly trackerId = new Uint8Array(QUERY_TEXT_BYTES_MAX);
  trackerIdLength = 0;

  constructor(infoHashesMax: number) {
    this.infoHashesMax = infoHashesMax;
    this.hashWords = new Int32Array(INFO_HASH_WORDS * Math.max(1, infoHashesMax));
    this.hashBytes = new Uint8Array(this.hashWords.buffer);
  }
}
