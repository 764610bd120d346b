/**
 * WebSocket (RFC 6455) and the WebTorrent tracker protocol, both sides of the wire: handshake, frames, messages.
 *
 * Pure: no I/O, no clock, no `node:` module. What the tracker does per message lives in `hot/` and allocates nothing.
 */

export {
  type AnnounceMessage,
  binaryStringToId,
  bytesToBinaryString,
  formatAnnounce,
  formatScrape,
  parseTrackerMessage,
  type ScrapedTorrent,
  type SessionDescription,
  type TrackerMessage,
} from "./client-messages.ts";
export {
  acceptKey,
  formatUpgradeRefusal,
  formatUpgradeReply,
  formatUpgradeRequest,
  parseUpgradeReply,
  parseUpgradeRequest,
  UPGRADE_BAD,
  UPGRADE_BAD_VERSION,
  UPGRADE_HEAD_BYTES_MAX,
  UPGRADE_HEADERS_MAX,
  UPGRADE_MORE,
  UPGRADE_NONE,
  UPGRADE_OK,
  UPGRADE_REFUSED_FULL,
  UPGRADE_REFUSED_ORIGIN,
  UPGRADE_TOO_LONG,
  type UpgradeReply,
  type UpgradeRequest,
} from "./handshake.ts";
export {
  binaryStringBytes,
  ID_BYTES,
  ID_LITERAL_BYTES_MAX,
  parseBinaryString,
  writeBinaryString,
} from "./hot/binary-string.ts";
export { BytePool, POOL_BYTES_MIN } from "./hot/byte-pool.ts";
export * from "./hot/close-codes.ts";
export * from "./hot/frame.ts";
export * from "./hot/message-reader.ts";
export * from "./hot/passed-on.ts";
export * from "./hot/reply.ts";
export { writeRange } from "./hot/reply-text.ts";
export { TrackerRequest } from "./hot/request.ts";
export { REQUEST_DEPTH_MAX } from "./hot/request-fields.ts";
export * from "./hot/request-record.ts";
export * from "./hot/request-status.ts";
export {
  SCRAPE_COUNTS,
  scrapeReplyBytes,
  writeScrapeReply,
} from "./hot/scrape-reply.ts";
export { forgetUnmaskedMemory, unmask } from "./hot/unmask.ts";
export { isUtf8 } from "./hot/utf8.ts";
export {
  type MessageMemory,
  messageMemory,
  READ_AT,
  READ_BYTES,
} from "./message-memory.ts";
