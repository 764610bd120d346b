/**
 * The first line of a request: method, target, version (RFC 9112 section 3). Called by the request parser only.
 * Each function takes the offset it begins at and returns the offset behind what it read, `OUT_OF_BYTES`, or the
 * negative of a parse status.
 */
import {
  asciiBytes,
  equalsBytes,
  equalsIgnoringCase,
  HEX_VALUE,
  STOPS_TARGET,
} from "./byte-class.ts";
import {
  HTTP_BAD_PERCENT,
  HTTP_BAD_REQUEST_LINE,
  HTTP_BAD_TARGET,
  HTTP_BAD_VERSION,
} from "./parse-status.ts";
import {
  type HttpRequest,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OTHER,
  OUT_OF_BYTES,
} from "./request-record.ts";
import { lineEnd, skipToken } from "./scan.ts";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
const COLON = 0x3a;
const QUESTION_MARK = 0x3f;

/** No method of any standard is longer; the longest registered one has 17 characters (UPDATEREDIRECTREF). */
const METHOD_BYTES_MAX = 17;

const GET = asciiBytes("GET");
const HEAD = asciiBytes("HEAD");
const HTTP_SLASH = asciiBytes("HTTP/");
const SCHEME_HTTP = asciiBytes("http");
const SCHEME_HTTPS = asciiBytes("https");

/** Reads the request line that begins at `start` into the record. */
export function parseRequestLine(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  limit: number,
): number {
  let at = start;
  // RFC 9112 section 2.2: one empty line before a request is skipped, as left behind by old clients' bodies.
  if (at < limit && bytes[at] === CR) {
    at = lineEnd(bytes, at, limit, HTTP_BAD_REQUEST_LINE);
    if (at < 0) return at;
  }
  const methodStart = at;
  at = skipToken(bytes, at, limit);
  if (at - methodStart > METHOD_BYTES_MAX) return -HTTP_BAD_REQUEST_LINE;
  if (at >= limit) return OUT_OF_BYTES;
  if (at === methodStart || bytes[at] !== SPACE) return -HTTP_BAD_REQUEST_LINE;
  if (equalsBytes(bytes, methodStart, at, GET)) request.method = METHOD_GET;
  else if (equalsBytes(bytes, methodStart, at, HEAD)) request.method = METHOD_HEAD;
  else request.method = METHOD_OTHER;

  at = parseTarget(request, bytes, at + 1, limit);
  if (at < 0) return at;
  return parseVersion(request, bytes, at, limit);
}

/** Reads the target that begins at `start`; returns the offset after the blank behind it. */
function parseTarget(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  limit: number,
): number {
  let at = start;
  let queryMark = -1;
  for (;;) {
    while (at < limit && STOPS_TARGET[bytes[at]] === 0) at++;
    if (at >= limit) return OUT_OF_BYTES;
    const stop = bytes[at];
    if (stop === PERCENT) {
      if (at + 1 >= limit) return OUT_OF_BYTES;
      if (HEX_VALUE[bytes[at + 1]] === 255) return -HTTP_BAD_PERCENT;
      if (at + 2 >= limit) return OUT_OF_BYTES;
      if (HEX_VALUE[bytes[at + 2]] === 255) return -HTTP_BAD_PERCENT;
      at += 3;
    } else if (stop === QUESTION_MARK) {
      if (queryMark < 0) queryMark = at;
      at++;
    } else if (stop === SPACE) {
      break;
    } else {
      return stop === CR || stop === LF ? -HTTP_BAD_REQUEST_LINE : -HTTP_BAD_TARGET;
    }
  }
  if (at === start) return -HTTP_BAD_TARGET;
  const pathEnd = queryMark < 0 ? at : queryMark;
  request.pathStart = bytes[start] === SLASH ? start : findAbsolutePath(bytes, start, pathEnd);
  // `*` and host:port belong to methods that are refused anyway, with a better answer than "bad target".
  if (request.pathStart < 0) {
    if (request.method !== METHOD_OTHER) return -HTTP_BAD_TARGET;
    request.pathStart = pathEnd;
  }
  request.pathEnd = pathEnd;
  request.queryStart = queryMark < 0 ? at : queryMark + 1;
  request.queryEnd = at;
  return at + 1;
}

/** Where the path of `http://host/path` begins (`end` when it is empty), or -1 for anything else. */
function findAbsolutePath(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== COLON) at++;
  if (
    !equalsIgnoringCase(bytes, start, at, SCHEME_HTTP) &&
    !equalsIgnoringCase(bytes, start, at, SCHEME_HTTPS)
  )
    return -1;
  if (at + 3 >= end || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) return -1;
  at += 3;
  if (bytes[at] === SLASH) return -1;
  while (at < end && bytes[at] !== SLASH) at++;
  return at;
}

function parseVersion(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  limit: number,
): number {
  // HTTP/1.1 CR LF: 0 HTTP/ 5 major 6 dot 7 minor 8 CR 9 LF
  if (start + 8 >= limit) {
    for (let at = start; at < limit; at++)
      if (bytes[at] === LF || bytes[at] === CR) return -HTTP_BAD_REQUEST_LINE;
    return OUT_OF_BYTES;
  }
  for (let at = start; at < start + 8; at++)
    if (bytes[at] === LF || bytes[at] === CR) return -HTTP_BAD_REQUEST_LINE;
  if (!equalsBytes(bytes, start, start + 5, HTTP_SLASH)) return -HTTP_BAD_REQUEST_LINE;
  const major = bytes[start + 5];
  const minor = bytes[start + 7];
  if (bytes[start + 6] !== DOT || !isDigit(major) || !isDigit(minor)) return -HTTP_BAD_REQUEST_LINE;
  if (major !== ONE) return -HTTP_BAD_VERSION;
  request.versionMinor = minor === ZERO ? 0 : 1;
  return lineEnd(bytes, start + 8, limit, HTTP_BAD_REQUEST_LINE);
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
