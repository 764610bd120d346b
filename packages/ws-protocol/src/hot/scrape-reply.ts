/**
 * The answer to a scrape, written as a whole WebSocket frame: first ask `scrapeReplyBytes` how long the payload will be,
 * find room for it and its header, then write.
 *
 * Called by `Scraping` of `ws`; a pure function over the caller's memory. Key order is aquatic's.
 */
import { binaryStringBytes, ID_BYTES, writeBinaryString } from "./binary-string.ts";
import { OPCODE_TEXT, writeFrameHeader } from "./frame.ts";
import { asciiBytes } from "./json-object.ts";
import { BRACE_CLOSE, COMMA } from "./object-walk.ts";
import { digitsOf, INCOMPLETE, writeAll, writeNumber } from "./reply-text.ts";

const SCRAPE_HEAD = asciiBytes('{"action":"scrape","files":{');
const FILE_COMPLETE = asciiBytes(':{"complete":');
const FILE_DOWNLOADED = asciiBytes(',"downloaded":');

/** Counts of one torrent in a scrape's answer: three numbers in this order. */
export const SCRAPE_COUNTS = 3;

/**
 * Payload bytes of `writeScrapeReply` for `count` info hashes (20 bytes each) and their counts
 * (complete, incomplete, downloaded for each).
 */
export function scrapeReplyBytes(
  infoHashes: Uint8Array,
  counts: Float64Array,
  count: number,
): number {
  let sum = SCRAPE_HEAD.length + 2 + (count > 0 ? count - 1 : 0);
  for (let index = 0; index < count; index++) {
    const at = index * SCRAPE_COUNTS;
    sum +=
      binaryStringBytes(infoHashes, index * ID_BYTES, ID_BYTES) +
      FILE_COMPLETE.length +
      digitsOf(counts[at]) +
      INCOMPLETE.length +
      digitsOf(counts[at + 1]) +
      FILE_DOWNLOADED.length +
      digitsOf(counts[at + 2]) +
      1;
  }
  return sum;
}

/** Writes the answer to a scrape as a frame; returns the offset after it. */
export function writeScrapeReply(
  out: Uint8Array,
  at: number,
  payloadBytes: number,
  infoHashes: Uint8Array,
  counts: Float64Array,
  count: number,
): number {
  at = writeFrameHeader(out, at, OPCODE_TEXT, payloadBytes);
  at = writeAll(out, at, SCRAPE_HEAD);
  for (let index = 0; index < count; index++) {
    if (index > 0) out[at++] = COMMA;
    at = writeBinaryString(out, at, infoHashes, index * ID_BYTES, ID_BYTES);
    at = writeAll(out, at, FILE_COMPLETE);
    at = writeNumber(out, at, counts[index * SCRAPE_COUNTS]);
    at = writeAll(out, at, INCOMPLETE);
    at = writeNumber(out, at, counts[index * SCRAPE_COUNTS + 1]);
    at = writeAll(out, at, FILE_DOWNLOADED);
    at = writeNumber(out, at, counts[index * SCRAPE_COUNTS + 2]);
    out[at++] = BRACE_CLOSE;
  }
  out[at] = BRACE_CLOSE;
  out[at + 1] = BRACE_CLOSE;
  return at + 2;
}
