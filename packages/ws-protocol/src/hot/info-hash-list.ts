/**
 * The list of info hashes that a scrape asks for, `["…", …]`: copied out one after the other, as many as the record has
 * room for; how many there were tells whether that is all.
 *
 * Called by the request parser; writes into its record.
 */
import { ID_BYTES, parseIdString } from "./binary-string.ts";
import { SCAN_SYNTAX, skipSpace, skipValue } from "./json-scan.ts";
import { BRACKET_CLOSE, COMMA, MEMBER_BAD, MEMBER_GOOD, QUOTE } from "./object-walk.ts";
import { REQUEST_DEPTH_MAX } from "./request-fields.ts";
import type { RequestRecord } from "./request-record.ts";

const LEVEL_OF_LIST = 2;

export class InfoHashList {
  /** What the list read last is: MEMBER_GOOD or MEMBER_BAD. */
  state = MEMBER_BAD;
  private readonly record: RequestRecord;

  constructor(record: RequestRecord) {
    this.record = record;
  }

  /** From the byte after the opening bracket to the byte after the closing one. */
  read(bytes: Uint8Array, position: number, end: number): number {
    const { record } = this;
    this.state = MEMBER_GOOD;
    position = skipSpace(bytes, position, end);
    if (position < end && bytes[position] === BRACKET_CLOSE) return position + 1;
    for (;;) {
      if (position >= end) return SCAN_SYNTAX;
      const start = position;
      const at = Math.min(record.scrapes, record.scrapesMax) * ID_BYTES;
      position =
        bytes[start] === QUOTE
          ? parseIdString(bytes, start + 1, end, record.scrapeInfoHashes, at)
          : -1;
      if (position < 0) {
        this.state = MEMBER_BAD;
        position = skipValue(bytes, start, end, REQUEST_DEPTH_MAX - LEVEL_OF_LIST);
        if (position < 0) return position;
      }
      record.scrapes++;
      position = skipSpace(bytes, position, end);
      if (position >= end) return SCAN_SYNTAX;
      const next = bytes[position];
      if (next === BRACKET_CLOSE) return position + 1;
      if (next !== COMMA) return SCAN_SYNTAX;
      position = skipSpace(bytes, position + 1, end);
    }
  }
}
