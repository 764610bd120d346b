/**
 * The request parser of the tracker: bytes → `HttpRequest`, a record of offsets that is used again for every
 * request of its thread. Called by the web workers for every request; allocates nothing, copies nothing.
 *
 * `parseHttpRequest` starts at the first byte of a request each time. What it returns depends on the bytes alone,
 * never on how they arrived: with less of them it says `HTTP_MORE` or the very error it would say with all of
 * them. RFC 9112, with nothing optional about the framing: a bare LF or CR, a folded header, a second
 * Content-Length, a Content-Length beside a Transfer-Encoding are refused, because two programs that read such a
 * request differently are how one request is smuggled inside another.
 *
 * Bodies are never read: `hasBody` says that one follows, and the caller must close the connection.
 */
import {
  HTTP_BOTH_LENGTHS,
  HTTP_HEADERS_TOO_LONG,
  HTTP_MORE,
  HTTP_NO_HOST,
  HTTP_OK,
  HTTP_TARGET_TOO_LONG,
} from "./parse-status.ts";
import { parseHeaders } from "./request-headers.ts";
import { parseRequestLine } from "./request-line.ts";
import { type HttpRequest, METHOD_GET, OUT_OF_BYTES } from "./request-record.ts";

/**
 * Parses the request that begins at `start` out of bytes[start..end) into the record.
 * Returns `HTTP_OK` (`request.nextOffset` is where the next one begins), `HTTP_MORE`, or the number of an error,
 * after which the connection cannot go on: where the next request begins is unknown.
 */
export function parseHttpRequest(
  request: HttpRequest,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const isCut = end - start >= request.requestBytesMax;
  const limit = isCut ? start + request.requestBytesMax : end;
  resetRequest(request);
  let at = parseRequestLine(request, bytes, start, limit);
  if (at < 0) {
    if (at !== OUT_OF_BYTES) return -at;
    return isCut ? HTTP_TARGET_TOO_LONG : HTTP_MORE;
  }
  at = parseHeaders(request, bytes, at, limit);
  if (at < 0) {
    if (at !== OUT_OF_BYTES) return -at;
    return isCut ? HTTP_HEADERS_TOO_LONG : HTTP_MORE;
  }
  request.nextOffset = at;
  return finishRequest(request);
}

function resetRequest(request: HttpRequest): void {
  request.hasForwardingHeader = false;
  request.forwardedCount = 0;
  request.headerCount = 0;
  request.hostCount = 0;
  request.contentLength = -1;
  request.hasTransferEncoding = false;
  request.sawClose = false;
  request.sawKeepAlive = false;
  request.sawConnectionUpgrade = false;
  request.sawUpgradeWebSocket = false;
}

/** The checks that need all headers. */
function finishRequest(request: HttpRequest): number {
  if (request.hasTransferEncoding && request.contentLength >= 0) return HTTP_BOTH_LENGTHS;
  if (request.versionMinor === 1 && request.hostCount === 0) return HTTP_NO_HOST;
  request.hasBody = request.hasTransferEncoding || request.contentLength > 0;
  request.keepAlive = !request.sawClose && (request.versionMinor === 1 || request.sawKeepAlive);
  request.wantsWebSocket =
    request.sawUpgradeWebSocket &&
    request.sawConnectionUpgrade &&
    request.method === METHOD_GET &&
    request.versionMinor === 1;
  return HTTP_OK;
}
