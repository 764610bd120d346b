/**
 * The tracker's messages, written as whole WebSocket frames into memory of the right size: first ask `…Bytes` how
 * long the payload will be, find room for it and its header, then write.
 *
 * Called by the swarms of `ws`. What a client sent (info hash, peer id, offer, offer id) goes out as the bytes it
 * came in: ranges of the request's memory, checked when the request was parsed. Key order is aquatic's.
 */
import { OPCODE_TEXT, writeFrameHeader } from "./frame.ts";
import { asciiBytes } from "./json-object.ts";
import { startsWithBytes } from "./json-scan.ts";
import { BRACE_CLOSE } from "./object-walk.ts";
import { digitsOf, INCOMPLETE, writeAll, writeNumber, writeRange } from "./reply-text.ts";
import { OFFER_RANGE_WORDS, type RequestRecord } from "./request-record.ts";
import { ACTION_IS_SCRAPE, failureReasonOf } from "./request-status.ts";

const REPLY_HEAD = asciiBytes('{"action":"announce","info_hash":');
const COMPLETE = asciiBytes(',"complete":');
const INTERVAL = asciiBytes(',"interval":');
const RELAY_HEAD = asciiBytes('{"action":"announce","peer_id":');
const INFO_HASH = asciiBytes(',"info_hash":');
const OFFER = asciiBytes(',"offer":');
const ANSWER = asciiBytes(',"answer":');
const OFFER_ID = asciiBytes(',"offer_id":');
const FAILURE_HEAD = asciiBytes('{"failure reason":"');
const ACTION_ANNOUNCE = asciiBytes('","action":"announce"');
const ACTION_SCRAPE = asciiBytes('","action":"scrape"');
/** Every client has an eye for its own info hash: a failure that names none of them is passed over, see docs/protocol/ws.md. */
const NO_INFO_HASH = asciiBytes('"00000000000000000000"');
const NO_REASON = asciiBytes("");

/** Payload bytes of `writeAnnounceReply`. */
export function announceReplyBytes(
  request: RequestRecord,
  complete: number,
  incomplete: number,
  intervalSeconds: number,
): number {
  return (
    REPLY_HEAD.length +
    (request.infoHashEnd - request.infoHashStart) +
    COMPLETE.length +
    digitsOf(complete) +
    INCOMPLETE.length +
    digitsOf(incomplete) +
    INTERVAL.length +
    digitsOf(intervalSeconds) +
    1
  );
}

/** Writes the reply to an announce as a frame and returns the offset after it. */
export function writeAnnounceReply(
  out: Uint8Array,
  at: number,
  payloadBytes: number,
  request: RequestRecord,
  complete: number,
  incomplete: number,
  intervalSeconds: number,
): number {
  at = writeFrameHeader(out, at, OPCODE_TEXT, payloadBytes);
  at = writeAll(out, at, REPLY_HEAD);
  at = writeRange(out, at, request.bytes, request.infoHashStart, request.infoHashEnd);
  at = writeAll(out, at, COMPLETE);
  at = writeNumber(out, at, complete);
  at = writeAll(out, at, INCOMPLETE);
  at = writeNumber(out, at, incomplete);
  at = writeAll(out, at, INTERVAL);
  at = writeNumber(out, at, intervalSeconds);
  out[at] = BRACE_CLOSE;
  return at + 1;
}

/** Bytes of the offers of a request that come before the offer itself. */
function relayHeadBytes(request: RequestRecord): number {
  return (
    RELAY_HEAD.length +
    (request.peerIdEnd - request.peerIdStart) +
    INFO_HASH.length +
    (request.infoHashEnd - request.infoHashStart)
  );
}

function writeRelayHead(out: Uint8Array, at: number, request: RequestRecord): number {
  at = writeAll(out, at, RELAY_HEAD);
  at = writeRange(out, at, request.bytes, request.peerIdStart, request.peerIdEnd);
  at = writeAll(out, at, INFO_HASH);
  return writeRange(out, at, request.bytes, request.infoHashStart, request.infoHashEnd);
}

/** Writes once what all offers of a request begin with; to be called before `offerBytes` and `writeOffer`. */
export function prepareOffers(request: RequestRecord): void {
  const { relayBytes } = request;
  const end = writeAll(relayBytes, writeRelayHead(relayBytes, 0, request), OFFER);
  request.relayHead = relayBytes.subarray(0, end); // hot-allow: once for all offers of an announce
}

/** Payload bytes of `writeOffer`. */
export function offerBytes(request: RequestRecord, offerIndex: number): number {
  const ranges = request.offerRanges;
  const at = offerIndex * OFFER_RANGE_WORDS;
  return (
    request.relayHead.length +
    (ranges[at + 1] - ranges[at]) +
    OFFER_ID.length +
    (ranges[at + 3] - ranges[at + 2]) +
    1
  );
}

/** Writes one of the request's offers as a frame for another peer; returns the offset after it. */
export function writeOffer(
  out: Uint8Array,
  at: number,
  payloadBytes: number,
  request: RequestRecord,
  offerIndex: number,
): number {
  const { bytes, offerRanges } = request;
  const range = offerIndex * OFFER_RANGE_WORDS;
  const offerEnd = offerRanges[range + 1];
  const idStart = offerRanges[range + 2];
  at = writeFrameHeader(out, at, OPCODE_TEXT, payloadBytes);
  at = writeAll(out, at, request.relayHead);
  if (
    idStart - offerEnd === OFFER_ID.length &&
    startsWithBytes(bytes, offerEnd, idStart, OFFER_ID)
  ) {
    // The client wrote offer and offer id as they go out, side by side: one copy takes both.
    at = writeRange(out, at, bytes, offerRanges[range], offerRanges[range + 3]);
  } else {
    at = writeRange(out, at, bytes, offerRanges[range], offerEnd);
    at = writeAll(out, at, OFFER_ID);
    at = writeRange(out, at, bytes, idStart, offerRanges[range + 3]);
  }
  out[at] = BRACE_CLOSE;
  return at + 1;
}

/** Payload bytes of `writeAnswer`. */
export function answerBytes(request: RequestRecord): number {
  return (
    relayHeadBytes(request) +
    ANSWER.length +
    (request.answerEnd - request.answerStart) +
    OFFER_ID.length +
    (request.offerIdEnd - request.offerIdStart) +
    1
  );
}

/** Writes the request's answer as a frame for the peer that made the offer; returns the offset after it. */
export function writeAnswer(
  out: Uint8Array,
  at: number,
  payloadBytes: number,
  request: RequestRecord,
): number {
  at = writeFrameHeader(out, at, OPCODE_TEXT, payloadBytes);
  at = writeRelayHead(out, at, request);
  at = writeAll(out, at, ANSWER);
  at = writeRange(out, at, request.bytes, request.answerStart, request.answerEnd);
  at = writeAll(out, at, OFFER_ID);
  at = writeRange(out, at, request.bytes, request.offerIdStart, request.offerIdEnd);
  out[at] = BRACE_CLOSE;
  return at + 1;
}

function reasonOf(status: number): Uint8Array {
  return failureReasonOf(status) ?? NO_REASON;
}

/**
 * The action that a client's library expects beside an info hash. What names no torrent is a failed announce: of a scrape
 * without `files` bittorrent-tracker's client would warn in every torrent of the socket.
 */
function actionBytes(request: RequestRecord, action: number): Uint8Array {
  return request.hasInfoHash && action === ACTION_IS_SCRAPE ? ACTION_SCRAPE : ACTION_ANNOUNCE;
}

/** Payload bytes of `writeFailure`. */
export function failureBytes(request: RequestRecord, status: number, action: number): number {
  const infoHash = request.hasInfoHash
    ? request.infoHashEnd - request.infoHashStart
    : NO_INFO_HASH.length;
  return (
    FAILURE_HEAD.length +
    reasonOf(status).length +
    actionBytes(request, action).length +
    INFO_HASH.length +
    infoHash +
    1
  );
}

/** Writes an error as a frame: the reason of `status`, the action, and the info hash or the one that no torrent has. */
export function writeFailure(
  out: Uint8Array,
  at: number,
  payloadBytes: number,
  request: RequestRecord,
  status: number,
  action: number,
): number {
  at = writeFrameHeader(out, at, OPCODE_TEXT, payloadBytes);
  at = writeAll(out, at, FAILURE_HEAD);
  at = writeAll(out, at, reasonOf(status));
  at = writeAll(out, at, actionBytes(request, action));
  at = writeAll(out, at, INFO_HASH);
  if (request.hasInfoHash)
    at = writeRange(out, at, request.bytes, request.infoHashStart, request.infoHashEnd);
  else at = writeAll(out, at, NO_INFO_HASH);
  out[at] = BRACE_CLOSE;
  return at + 1;
}
