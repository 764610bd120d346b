/**
 * The head of an HTTP response, for the client side: load testers and the tracker's own tests. Bytes → record, with
 * the same rule as the request parser: the result depends on the bytes, not on how they arrived. Only what a
 * tracker's answer needs: the status, the length of the body, whether the connection goes on. RFC 9112.
 */
import { asciiBytes, equalsBytes, equalsIgnoringCase } from "./byte-class.ts";
import {
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  connectionTokens,
  readDigits,
  skipBlanks,
  skipBlanksBack,
  skipToken,
} from "./scan.ts";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const ONE = 0x31;
const COLON = 0x3a;

export const RESPONSE_MORE = 0;
export const RESPONSE_OK = 1;
export const RESPONSE_BAD = 2;

const HTTP_1_DOT = asciiBytes("HTTP/1.");
const CONTENT_LENGTH = asciiBytes("content-length");
const CONNECTION = asciiBytes("connection");
const TRANSFER_ENCODING = asciiBytes("transfer-encoding");

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
  const status = readDigits(bytes, start + 9, start + 12);
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
    at = skipToken(bytes, at, end);
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
  const start = skipBlanks(bytes, nameEnd + 1, lineEnd);
  const end = skipBlanksBack(bytes, start, lineEnd);
  if (equalsIgnoringCase(bytes, nameStart, nameEnd, CONTENT_LENGTH)) {
    const length = readDigits(bytes, start, end);
    if (length < 0 || (response.contentLength >= 0 && response.contentLength !== length))
      return false;
    response.contentLength = length;
  } else if (equalsIgnoringCase(bytes, nameStart, nameEnd, TRANSFER_ENCODING)) {
    response.hasTransferEncoding = true;
  } else if (equalsIgnoringCase(bytes, nameStart, nameEnd, CONNECTION)) {
    const tokens = connectionTokens(bytes, start, end);
    if ((tokens & CONNECTION_CLOSE) !== 0) response.keepAlive = false;
    else if ((tokens & CONNECTION_KEEP_ALIVE) !== 0) response.keepAlive = true;
  }
  return true;
}
