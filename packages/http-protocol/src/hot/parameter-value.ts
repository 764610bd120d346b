/**
 * What the values of query parameters mean: numbers, events, short texts (BEP 3, 21). Called by the query parser with
 * bytes that are decoded already; writes into memory of the caller.
 */
import {
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from "@swarmtide/bittorrent";
import { asciiBytes, equalsIgnoringCase } from "./byte-class.ts";

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** What `parseNumber` says of an empty value, of a negative number and of anything else. */
export const NUMBER_EMPTY = -1;
const NUMBER_NEGATIVE = -2;
export const NUMBER_BAD = -3;

/** What `parseEvent` says of a word that is not an event. */
export const EVENT_UNKNOWN = -1;

/** Longer numbers than this are taken for the largest exact integer. */
const EXACT_DIGITS_MAX = 15;

const EMPTY = asciiBytes("empty");
const PAUSED = asciiBytes("paused");
const STARTED = asciiBytes("started");
const STOPPED = asciiBytes("stopped");
const COMPLETED = asciiBytes("completed");

/** A decimal number ≥ 0, at most `Number.MAX_SAFE_INTEGER`, or one of the `NUMBER_` constants. */
export function parseNumber(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NUMBER_EMPTY;
  let at = start;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  if (at === end) return NUMBER_BAD;
  let value = 0;
  while (at < end) {
    const digit = bytes[at];
    if (digit < ZERO || digit > NINE) return NUMBER_BAD;
    value = value * 10 + (digit - ZERO);
    at++;
  }
  if (isNegative) return NUMBER_NEGATIVE;
  return end - start > EXACT_DIGITS_MAX && value > Number.MAX_SAFE_INTEGER
    ? Number.MAX_SAFE_INTEGER
    : value;
}

/** `EVENT_NONE` … `EVENT_PAUSED`, or `EVENT_UNKNOWN`; names count in any case, an empty value is not an event. */
export function parseEvent(bytes: Uint8Array, start: number, end: number): number {
  if (start === end || equalsIgnoringCase(bytes, start, end, EMPTY)) return EVENT_NONE;
  if (equalsIgnoringCase(bytes, start, end, STARTED)) return EVENT_STARTED;
  if (equalsIgnoringCase(bytes, start, end, STOPPED)) return EVENT_STOPPED;
  if (equalsIgnoringCase(bytes, start, end, COMPLETED)) return EVENT_COMPLETED;
  return equalsIgnoringCase(bytes, start, end, PAUSED) ? EVENT_PAUSED : EVENT_UNKNOWN;
}

/** Copies a text to the beginning of `output`. Returns its length, 0 for one that does not fit. */
export function keepText(
  output: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start > output.length) return 0;
  for (let at = start; at < end; at++) output[at - start] = bytes[at];
  return end - start;
}
