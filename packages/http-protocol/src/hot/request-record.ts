/**
 * The record a request is parsed into and its limits. One record per thread, used again for every request; its
 * offsets point into the bytes that were parsed. Written by the request parser, read by the HTTP tracker.
 */
import { asciiBytes } from "./byte-class.ts";

export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;

/** How many lines of the configured client address header one request may have. */
export const FORWARDED_LINES_MAX = 8;

/** What the parts of the parser return in place of a position when the bytes end too early; errors are -status. */
export const OUT_OF_BYTES = -1;

/** Limits of one request; each is reached with an error of its own. */
export interface HttpRequestLimits {
  /** Request line and headers together, in bytes. */
  readonly requestBytesMax: number;
  /** Header lines. */
  readonly headersMax: number;
  /** The header a trusted proxy writes the client address into; "" for none. Any case. */
  readonly forwardedHeaderName?: string;
}

/** One parsed request: offsets into the bytes it was parsed from, and what the tracker must know of its headers. */
export class HttpRequest {
  readonly requestBytesMax: number;
  readonly headersMax: number;
  /** The name in lower case; empty for none. */
  readonly forwardedHeaderName: Uint8Array;

  /** `METHOD_GET`, `METHOD_HEAD` or `METHOD_OTHER`. */
  method = METHOD_OTHER;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and later. */
  versionMinor = 1;
  pathStart = 0;
  pathEnd = 0;
  /** First byte after the question mark; `queryStart === queryEnd` when there is no query. */
  queryStart = 0;
  queryEnd = 0;
  /** Where the next request begins. */
  nextOffset = 0;
  /** Whether the connection may go on after the answer, by version and Connection header. */
  keepAlive = true;
  /** Whether a body follows, which nobody reads: answer and close. */
  hasBody = false;
  /** Whether this is a WebSocket upgrade: websocket in the list of Upgrade with Connection: upgrade in a GET of HTTP/1.1. */
  wantsWebSocket = false;
  /** Whether any header that proxies add is there (X-Forwarded-For, X-Real-IP, Forwarded or the configured one). */
  hasForwardingHeader = false;
  /** Lines of the configured header, in order; value k is bytes[forwardedStarts[k]..forwardedEnds[k]). */
  forwardedCount = 0;
  readonly forwardedStarts = new Int32Array(FORWARDED_LINES_MAX);
  readonly forwardedEnds = new Int32Array(FORWARDED_LINES_MAX);

  headerCount = 0;
  hostCount = 0;
  /** -1 when there is no Content-Length. */
  contentLength = -1;
  hasTransferEncoding = false;
  sawClose = false;
  sawKeepAlive = false;
  sawConnectionUpgrade = false;
  sawUpgradeWebSocket = false;

  constructor(limits: HttpRequestLimits) {
    this.requestBytesMax = limits.requestBytesMax;
    this.headersMax = limits.headersMax;
    this.forwardedHeaderName = asciiBytes((limits.forwardedHeaderName ?? "").toLowerCase());
  }
}
