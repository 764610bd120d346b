/**
 * A session description in a client's message, `{"type": "offer", "sdp": "…"}`: checked and left where it lies, since
 * it is passed on as the bytes it came in.
 *
 * Called by the request parser for answers and by the offers' reader; owned by it.
 */
import { wordAt } from "./json-object.ts";
import { isNullAt, skipString, skipValue } from "./json-scan.ts";
import {
  endOfObject,
  firstKey,
  nextKey,
  plainKeyAt,
  QUOTE,
  skipKey,
  valueOfKey,
} from "./object-walk.ts";
import { DESCRIPTION_FIELDS, DESCRIPTION_TYPES, REQUEST_DEPTH_MAX } from "./request-fields.ts";

export const DESCRIPTION_IS_OFFER = 0;
export const DESCRIPTION_IS_ANSWER = 1;
const DESCRIPTION_IS_NOTHING = -1;

export class DescriptionReader {
  private type = DESCRIPTION_IS_NOTHING;
  private hasSdp = false;
  private namesType = false;
  private namesSdp = false;

  /** Whether what was read last is a description of this type. */
  is(type: number): boolean {
    return this.hasSdp && this.type === type;
  }

  /** Whether its type or its SDP is missing or null. */
  get isIncomplete(): boolean {
    return !this.namesType || !this.namesSdp;
  }

  /** From the opening brace to the byte after the closing one; `level` is how deep the object lies, itself included. */
  read(bytes: Uint8Array, start: number, end: number, level: number): number {
    this.type = DESCRIPTION_IS_NOTHING;
    this.hasSdp = false;
    this.namesType = false;
    this.namesSdp = false;
    let position = firstKey(bytes, start + 1, end);
    while (position >= 0) {
      const plain = plainKeyAt(bytes, position, end, DESCRIPTION_FIELDS);
      const afterKey = skipKey(bytes, position, end, DESCRIPTION_FIELDS, plain);
      if (afterKey < 0) return afterKey;
      const value = valueOfKey(bytes, afterKey, end);
      if (value < 0) return value;
      const field =
        plain < 0 ? wordAt(bytes, position + 1, afterKey - 1, DESCRIPTION_FIELDS) : plain;
      position = this.readMember(bytes, field, value, end, level);
      if (position >= 0) position = nextKey(bytes, position, end);
    }
    return endOfObject(position);
  }

  private readMember(
    bytes: Uint8Array,
    field: number,
    value: number,
    end: number,
    level: number,
  ): number {
    if (field === 0) {
      this.namesType = !isNullAt(bytes, value, end);
      return this.readType(bytes, value, end, level);
    }
    if (field === 1) {
      this.namesSdp = !isNullAt(bytes, value, end);
      this.hasSdp = bytes[value] === QUOTE;
    }
    return skipValue(bytes, value, end, REQUEST_DEPTH_MAX - level);
  }

  private readType(bytes: Uint8Array, position: number, end: number, level: number): number {
    this.type = DESCRIPTION_IS_NOTHING;
    if (bytes[position] !== QUOTE)
      return skipValue(bytes, position, end, REQUEST_DEPTH_MAX - level);
    const after = skipString(bytes, position + 1, end);
    if (after >= 0) this.type = wordAt(bytes, position + 1, after - 1, DESCRIPTION_TYPES);
    return after;
  }
}
