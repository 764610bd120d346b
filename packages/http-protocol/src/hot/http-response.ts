/**
 * The head of an HTTP response, for the client side: load testers and the tracker's own tests. Bytes → record, with
 * the same rule as the request parser: the result depends on the bytes, not on how they arrived. Only what a
 * tracker's answer needs: the status, the length of the body, whether the connection goes on. RFC 9112.
 */
import { asciiBytes, equalsBytes, equalsIgnoringCase, IS_TOKEN } from "./byte-class.ts";

export const RESPONSE_MORE = 0;
export const RESPONSE_OK = 1;
export const RESPONSE_BAD = 2;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COMMA = 0x2c;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const ONE = 0x31;

const HTTP_1_DOT = asciiBytes("HTTP/1.");
const CONTENT_LENGTH = asciiBytes("content-length");
const CONNECTION = asciiBytes("connection");
const TRANSFER_ENCODING = asciiBytes("transfer-encoding");
const TOKEN_CLOSE = asciiBytes("close");
const TOKEN_KEEP_ALIVE = asciiBytes("keep-alive");

/** The head of one response. */
export class HttpResponse {
  status = 0;
  /** -1: none was given; the body ends with the connection unless `hasTransferEncoding`. */
  contentLength = -1;
  /** The body comes in a transfer encoding (chunked), which this side leaves to its caller. */
  hasTransferEncoding = false;
  keepAlive = true;
  bodyStart = 0;
}

/**
 * Parses the head of the response that begins at `start`. Returns `RESPONSE_OK` when the whole head is there,
 * `RESPONSE_MORE`, or `RESPONSE_BAD`.
 */
export function parseHttpResponse(
  response: HttpResponse,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  // HTTP/1.1 200 OK CR LF
  response.contentLength = -1;
  response.hasTransferEncoding = false;
  if (end - start < 13) return RESPONSE_MORE;
  if (!equalsBytes(bytes, start, start + 7, HTTP_1_DOT)) return RESPONSE_BAD;
  response.keepAlive = bytes[start + 7] === ONE;
  if (bytes[start + 8] !== SPACE) return RESPONSE_BAD;
  const status = readNumber(bytes, start + 9, start + 12);
  if (status < 100) return RESPONSE_BAD;
  response.status = status;
  let at = start + 12;
  for (;;) {
    while (at < end && bytes[at] !== LF) at++;
    if (at >= end) return RESPONSE_MORE;
    if (bytes[at - 1] !== CR) return RESPONSE_BAD;
    at++;
    if (at >= end) return RESPONSE_MORE;
    if (bytes[at] === CR) {
      if (at + 1 >= end) return RESPONSE_MORE;
      if (bytes[at + 1] !== LF) return RESPONSE_BAD;
      response.bodyStart = at + 2;
      return RESPONSE_OK;
    }
    const nameStart = at;
    while (at < end && IS_TOKEN[bytes[at]] === 1) at++;
    if (at >= end) return RESPONSE_MORE;
    if (bytes[at] !== COLON || at === nameStart) return RESPONSE_BAD;
    const nameEnd = at;
    while (at < end && bytes[at] !== CR) at++;
    if (at >= end) return RESPONSE_MORE;
    if (!takeResponseHeader(response, bytes, nameStart, nameEnd, at)) return RESPONSE_BAD;
  }
}

function takeResponseHeader(
  response: HttpResponse,
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  lineEnd: number,
): boolean {
  let start = nameEnd + 1;
  let end = lineEnd;
  while (start < end && bytes[start] <= SPACE) start++;
  while (end > start && bytes[end - 1] <= SPACE) end--;
  if (equalsIgnoringCase(bytes, nameStart, nameEnd, CONTENT_LENGTH)) {
    const length = readNumber(bytes, start, end);
    if (length < 0 || (response.contentLength >= 0 && response.contentLength !== length))
      return false;
    response.contentLength = length;
  } else if (equalsIgnoringCase(bytes, nameStart, nameEnd, TRANSFER_ENCODING)) {
    response.hasTransferEncoding = true;
  } else if (equalsIgnoringCase(bytes, nameStart, nameEnd, CONNECTION)) {
    takeConnection(response, bytes, start, end);
  }
  return true;
}

function takeConnection(
  response: HttpResponse,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let at = start;
  while (at < end) {
    while (at < end && (bytes[at] <= SPACE || bytes[at] === COMMA)) at++;
    const tokenStart = at;
    while (at < end && IS_TOKEN[bytes[at]] === 1) at++;
    if (equalsIgnoringCase(bytes, tokenStart, at, TOKEN_CLOSE)) response.keepAlive = false;
    else if (equalsIgnoringCase(bytes, tokenStart, at, TOKEN_KEEP_ALIVE)) response.keepAlive = true;
    while (at < end && bytes[at] !== COMMA) at++;
  }
}

/** A decimal number of 1 to 15 digits, or -1. */
function readNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 15) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] < ZERO || bytes[at] > NINE) return -1;
    value = value * 10 + (bytes[at] - ZERO);
  }
  return value;
}
