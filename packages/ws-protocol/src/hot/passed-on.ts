/**
 * An offer or an answer on its way to another tracker, as the message of a client that has nothing else to say: the tracker
 * there reads it as it reads its clients' messages, so that nothing reaches a browser that was not checked by who holds its connection.
 * First ask `…Bytes` for the length, find room, then write.
 *
 * Called by `ws` where peers of several nodes meet; pure functions over the caller's memory. What the client sent goes out
 * as the bytes it came in.
 *
 * Example, shortened: `{"action":"announce","info_hash":"…","peer_id":"…","offers":[{"offer":{…},"offer_id":"…"}]}`.
 */
import { binaryStringBytes, ID_BYTES, writeBinaryString } from "./binary-string.ts";
import { asciiBytes } from "./json-object.ts";
import { BRACE_CLOSE } from "./object-walk.ts";
import { writeAll, writeRange } from "./reply-text.ts";
import { OFFER_RANGE_WORDS, type RequestRecord, TO_PEER_ID_AT } from "./request-record.ts";

const HEAD = asciiBytes('{"action":"announce","info_hash":');
const PEER_ID = asciiBytes(',"peer_id":');
const OFFERS = asciiBytes(',"offers":[{"offer":');
const OFFERS_END = asciiBytes("}]}");
const TO_PEER_ID = asciiBytes(',"to_peer_id":');
const ANSWER = asciiBytes(',"answer":');
const OFFER_ID = asciiBytes(',"offer_id":');

function headBytes(request: RequestRecord): number {
  const infoHash = request.infoHashEnd - request.infoHashStart;
  return HEAD.length + infoHash + PEER_ID.length + (request.peerIdEnd - request.peerIdStart);
}

function writeHead(out: Uint8Array, at: number, request: RequestRecord): number {
  at = writeAll(out, at, HEAD);
  at = writeRange(out, at, request.bytes, request.infoHashStart, request.infoHashEnd);
  at = writeAll(out, at, PEER_ID);
  return writeRange(out, at, request.bytes, request.peerIdStart, request.peerIdEnd);
}

/** Bytes of `writePassedOffer`. */
export function passedOfferBytes(request: RequestRecord, offerIndex: number): number {
  const ranges = request.offerRanges;
  const at = offerIndex * OFFER_RANGE_WORDS;
  const rest = OFFERS.length + OFFER_ID.length + OFFERS_END.length;
  const offer = ranges[at + 1] - ranges[at];
  return headBytes(request) + offer + (ranges[at + 3] - ranges[at + 2]) + rest;
}

/** Writes one of the request's offers; returns the offset after it. */
export function writePassedOffer(
  out: Uint8Array,
  at: number,
  request: RequestRecord,
  offerIndex: number,
): number {
  const { bytes, offerRanges } = request;
  const range = offerIndex * OFFER_RANGE_WORDS;
  at = writeAll(out, writeHead(out, at, request), OFFERS);
  at = writeRange(out, at, bytes, offerRanges[range], offerRanges[range + 1]);
  at = writeAll(out, at, OFFER_ID);
  at = writeRange(out, at, bytes, offerRanges[range + 2], offerRanges[range + 3]);
  return writeAll(out, at, OFFERS_END);
}

/** Bytes of `writePassedAnswer`. */
export function passedAnswerBytes(request: RequestRecord): number {
  return (
    headBytes(request) +
    TO_PEER_ID.length +
    binaryStringBytes(request.ids, TO_PEER_ID_AT, ID_BYTES) +
    ANSWER.length +
    (request.answerEnd - request.answerStart) +
    OFFER_ID.length +
    (request.offerIdEnd - request.offerIdStart) +
    1
  );
}

/** Writes the request's answer; returns the offset after it. */
export function writePassedAnswer(out: Uint8Array, at: number, request: RequestRecord): number {
  at = writeAll(out, writeHead(out, at, request), TO_PEER_ID);
  at = writeBinaryString(out, at, request.ids, TO_PEER_ID_AT, ID_BYTES);
  at = writeAll(out, at, ANSWER);
  at = writeRange(out, at, request.bytes, request.answerStart, request.answerEnd);
  at = writeAll(out, at, OFFER_ID);
  at = writeRange(out, at, request.bytes, request.offerIdStart, request.offerIdEnd);
  out[at] = BRACE_CLOSE;
  return at + 1;
}
