/**
 * The header lines of a request (RFC 9112 section 5) and what the few that matter to a tracker mean: Host,
 * Connection, Upgrade, the two body lengths, and those that proxies add. Called by the request parser only;
 * returns positions as `request-line.ts` does.
 */
import { asciiBytes, equalsIgnoringCase, IS_HOST, STOPS_VALUE } from "./byte-class.ts";
import {
  HTTP_BAD_CONTENT_LENGTH,
  HTTP_BAD_HEADER_NAME,
  HTTP_BAD_HEADER_VALUE,
  HTTP_BAD_HOST,
  HTTP_FOLDED_HEADER,
  HTTP_OK,
  HTTP_TOO_MANY_HEADERS,
  HTTP_TWO_CONTENT_LENGTHS,
  HTTP_TWO_HOSTS,
} from "./parse-status.ts";
import { FORWARDED_LINES_MAX, type HttpRequest, OUT_OF_BYTES } from "./request-record.ts";
import {
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  CONNECTION_UPGRADE,
  connectionTokens,
  hasListToken,
  lineEnd,
  readDigits,
  skipBlanks,
  skipBlanksBack,
  skipToken,
} from "./scan.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;

const HOST = asciiBytes("host");
const UPGRADE = asciiBytes("upgrade");
const FORWARDED = asciiBytes("forwarded");
const X_REAL_IP = asciiBytes("x-real-ip");
const CONNECTION = asciiBytes("connection");
const CONTENT_LENGTH = asciiBytes("content-length");
const X_FORWARDED_FOR = asciiBytes("x-forwarded-for");
const TRANSFER_ENCODING = asciiBytes("transfer-encoding");
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
    if (first === CR || first === LF) return lineEnd(bytes, at, limit, HTTP_BAD_HEADER_NAME);
    if (first === SPACE || first === TAB) return -HTTP_FOLDED_HEADER;
    request.headerCount++;
    if (request.headerCount > request.headersMax) return -HTTP_TOO_MANY_HEADERS;

    const nameStart = at;
    at = skipToken(bytes, at, limit);
    if (at >= limit) return OUT_OF_BYTES;
    if (at === nameStart || bytes[at] !== COLON) return -HTTP_BAD_HEADER_NAME;
    const nameEnd = at;
    at = skipBlanks(bytes, at + 1, limit);
    const valueStart = at;
    while (at < limit && STOPS_VALUE[bytes[at]] === 0) at++;
    if (at >= limit) return OUT_OF_BYTES;
    const valueEnd = skipBlanksBack(bytes, valueStart, at);
    at = lineEnd(bytes, at, limit, HTTP_BAD_HEADER_VALUE);
    if (at < 0) return at;
    const status = takeHeader(request, bytes, nameStart, nameEnd, valueStart, valueEnd);
    if (status !== HTTP_OK) return -status;
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
    if (request.forwardedCount === FORWARDED_LINES_MAX) return HTTP_TOO_MANY_HEADERS;
    request.forwardedStarts[request.forwardedCount] = valueStart;
    request.forwardedEnds[request.forwardedCount] = valueEnd;
    request.forwardedCount++;
    request.hasForwardingHeader = true;
  }
  switch (nameEnd - nameStart) {
    case 4:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, HOST)) {
        request.hostCount++;
        if (request.hostCount > 1) return HTTP_TWO_HOSTS;
        for (let at = valueStart; at < valueEnd; at++)
          if (IS_HOST[bytes[at]] === 0) return HTTP_BAD_HOST;
      }
      break;
    case 7:
      if (equalsIgnoringCase(bytes, nameStart, nameEnd, UPGRADE))
        if (hasListToken(bytes, valueStart, valueEnd, TOKEN_WEBSOCKET))
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
        takeConnection(request, bytes, valueStart, valueEnd);
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
  return HTTP_OK;
}

function takeConnection(request: HttpRequest, bytes: Uint8Array, start: number, end: number): void {
  const tokens = connectionTokens(bytes, start, end);
  if ((tokens & CONNECTION_CLOSE) !== 0) request.sawClose = true;
  if ((tokens & CONNECTION_KEEP_ALIVE) !== 0) request.sawKeepAlive = true;
  if ((tokens & CONNECTION_UPGRADE) !== 0) request.sawConnectionUpgrade = true;
}

function takeContentLength(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (request.contentLength >= 0) return HTTP_TWO_CONTENT_LENGTHS;
  const length = readDigits(bytes, start, end);
  if (length < 0) return HTTP_BAD_CONTENT_LENGTH;
  request.contentLength = length;
  return HTTP_OK;
}
