/**
 * The HTTP tracker protocol for both sides of the wire: requests and queries, bencoded answers, and the reading of
 * them. Pure: no I/O, no clock, no `node:` module. docs/protocol/http.md describes the protocol.
 */
export {
  BENCODE_DEPTH_MAX,
  BencodeError,
  type BencodeValue,
  latin1Bytes,
  latin1Text,
  readBencode,
} from "./bencode-reader.ts";
export {
  type AnnounceReplyValues,
  type FailureValues,
  type PeerAddress,
  readAnnounceReply,
  readScrapeReply,
  type ScrapeReplyValues,
  type ScrapeValues,
} from "./client-reply.ts";
export {
  type AnnounceParameters,
  announceQueryString,
  announceRequestBytes,
  encodePercent,
  type RequestFrame,
  scrapeRequestBytes,
} from "./client-request.ts";
export * from "./hot/bencode-writer.ts";
export { asciiBytes } from "./hot/byte-class.ts";
export { parseHttpRequest } from "./hot/http-request.ts";
export * from "./hot/http-response.ts";
export * from "./hot/parse-status.ts";
export { PEER_LIST_ENTRY_BYTES_MAX } from "./hot/peer-list-writer.ts";
export * from "./hot/query-record.ts";
export * from "./hot/reply-writer.ts";
export {
  FORWARDED_LINES_MAX,
  HttpRequest,
  type HttpRequestLimits,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OTHER,
} from "./hot/request-record.ts";
export * from "./hot/route.ts";
export { skipBlanks, skipBlanksBack } from "./hot/scan.ts";
export { parseAnnounceQuery, parseScrapeQuery } from "./hot/tracker-query.ts";
export { type ConnectionHeader, makeResponseHead, makeTextResponse } from "./response-head.ts";
