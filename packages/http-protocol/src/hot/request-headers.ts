/**
 * The header lines of a request (RFC 9112 section 5) and what the few that matter to a tracker mean: Host,
 * Connection, Upgrade, the two body lengths, and those that proxies add. Called by the request parser only;
 * returns positions as `request-line.ts` does.
 */
import { asciiBytes, equalsIgnoringCase, IS_TOKEN, STOPS_VALUE } from "./byte-class.ts";
import {
  PARSE_BAD_CONTENT_LENGTH,
  PARSE_BAD_HEADER_NAME,
  PARSE_BAD_HEADER_VALUE,
  PARSE_BARE_LINE_BREAK,
  PARSE_FOLDED_HEADER,
  PARSE_OK,
  PARSE_TOO_MANY_HEADERS,
  PARSE_TWO_CONTENT_LENGTHS,
  PARSE_TWO_HOSTS,
} from "./parse-status.ts";
import { FORWARDED_LINES_MAX, type HttpRequest, OUT_OF_BYTES } from "./request-record.ts";

/** Content-Length is read up to this many digits, so that it stays exact in a double. */
const CONTENT_LENGTH_DIGITS_MAX = 15;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;

const HOST = asciiBytes("host");
const UPGRADE = asciiBytes("upgrade");
const FORWARDED = asciiBytes("forwarded");
const X_REAL_IP = asciiBytes("x-real-ip");
const CONNECTION = asciiBytes("connection");
const CONTENT_LENGTH = asciiBytes("content-length");
const X_FORWARDED_FOR = asciiBytes("x-forwarded-for");
const TRANSFER_ENCODING = asciiBytes("transfer-encoding");
const TOKEN_CLOSE = asciiBytes("close");
const TOKEN_KEEP_ALIVE = asciiBytes("keep-alive");
const TOKEN_WEBSOCKET = asciiBytes("websocket");

/** Reads the header lines from `start`; returns the offset after the empty line that ends them. */
export function parseHeaders(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  limit: number,
): number {
  let at = start;
  for (;;) {
    if (at >= limit) return OUT_OF_BYTES;
    const first = bytes[at];
    if (first === CR) {
      if (at + 1 >= limit) return OUT_OF_BYTES;
      return bytes[at + 1] === LF ? at + 2 : -PARSE_BARE_LINE_BREAK;
    }
    if (first === LF) return -PARSE_BARE_LINE_BREAK;
    if (first === SPACE || first === TAB) return -PARSE_FOLDED_HEADER;
    request.headerCount++;
    if (request.headerCount > request.headersMax) return -PARSE_TOO_MANY_HEADERS;

    const nameStart = at;
    while (at < limit && IS_TOKEN[bytes[at]] === 1) at++;
    if (at >= limit) return OUT_OF_BYTES;
    if (at === nameStart || bytes[at] !== COLON) return -PARSE_BAD_HEADER_NAME;
    const nameEnd = at;
    at++;
    while (at < limit && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
    const valueStart = at;
    while (at < limit && STOPS_VALUE[bytes[at]] === 0) at++;
    if (at >= limit) return OUT_OF_BYTES;
    if (bytes[at] !== CR)
      return bytes[at] === LF ? -PARSE_BARE_LINE_BREAK : -PARSE_BAD_HEADER_VALUE;
    if (at + 1 >= limit) return OUT_OF_BYTES;
    if (bytes[at + 1] !== LF) return -PARSE_BARE_LINE_BREAK;
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB))
      valueEnd--;
    at += 2;
    const status = takeHeader(request, bytes, nameStart, nameEnd, valueStart, valueEnd);
    if (status !== PARSE_OK) return -status;
  }
}

/** Notes what one header means for the tracker; headers it does not know are nothing to it. */
function takeHeader(
  request: HttpRequest,
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): number {
  const name = request.forwardedHeaderName;
  if (name.length !== 0 && equalsIgnoringCase(bytes, nameStart, nameEnd, name)) {
    if (request.forwardedCount === FORWARDED_LINES_MAX) return PARSE_TOO_MANY_HEADERS;
    request.forwardedStarts[request.forwardedCount] = valueStart;
    request.forwardedEnds[request.forwardedCount] = valueEnd;
    request.forwardedCount++;
    request.hasForwardingHeader = true;
  }
  switch (nameEnd - nameStart) {
    case 4:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, HOST)) {
        request.hostCount++;
        if (request.hostCount > 1) return PARSE_TWO_HOSTS;
      }
      break;
    case 7:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, UPGRADE))
        if (equalsIgnoringCase(bytes, valueStart, valueEnd, TOKEN_WEBSOCKET))
          request.sawUpgradeWebSocket = true;
      break;
    case 9:
      if (
        equalsIgnoringCase(bytes, nameStart, nameEnd, FORWARDED) ||
        equalsIgnoringCase(bytes, nameStart, nameEnd, X_REAL_IP)
      )
        request.hasForwardingHeader = true;
      break;
    case 10:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, CONNECTION))
        takeConnectionTokens(request, bytes, valueStart, valueEnd);
      break;
    case 14:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, CONTENT_LENGTH))
        return takeContentLength(request, bytes, valueStart, valueEnd);
      break;
    case 15:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, X_FORWARDED_FOR))
        request.hasForwardingHeader = true;
      break;
    case 17:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, TRANSFER_ENCODING))
        request.hasTransferEncoding = true;
      break;
  }
  return PARSE_OK;
}

/** `Connection: a, b`: a list of tokens in any case. */
function takeConnectionTokens(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let at = start;
  while (at < end) {
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === COMMA)) at++;
    const tokenStart = at;
    while (at < end && IS_TOKEN[bytes[at]] === 1) at++;
    if (equalsIgnoringCase(bytes, tokenStart, at, TOKEN_CLOSE)) request.sawClose = true;
    else if (equalsIgnoringCase(bytes, tokenStart, at, TOKEN_KEEP_ALIVE))
      request.sawKeepAlive = true;
    else if (equalsIgnoringCase(bytes, tokenStart, at, UPGRADE))
      request.sawConnectionUpgrade = true;
    while (at < end && bytes[at] !== COMMA) at++;
  }
}

function takeContentLength(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (request.contentLength >= 0) return PARSE_TWO_CONTENT_LENGTHS;
  const digits = end - start;
  if (digits === 0 || digits > CONTENT_LENGTH_DIGITS_MAX) return PARSE_BAD_CONTENT_LENGTH;
  let value = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] < ZERO || bytes[at] > NINE) return PARSE_BAD_CONTENT_LENGTH;
    value = value * 10 + (bytes[at] - ZERO);
  }
  request.contentLength = value;
  return PARSE_OK;
}
