/**
 * The operator's list of addresses: read by the main thread at the start and on every reload, laid out for all threads in
 * slices of some milliseconds, since a million ranges take seconds.
 *
 * One range a line: an address, a network (`10.0.0.0/8`, `2001:db8::/32`), or the first and the last address with a hyphen between
 * them (`192.0.2.5-192.0.2.9`). Blank lines, what follows a # and CRLF are fine; anything else fails the whole file, since a
 * list that is silently shorter would let in clients that the operator shut out.
 */
import { type Cidr, IPV4_BYTES, parseCidr, parseIpAddress } from "@swarmtide/bittorrent";
import {
  AddressRanges,
  RANGE_WORDS_4,
  RANGE_WORDS_6,
  RANGES_HEADER_WORDS,
} from "./hot/address-ranges.ts";

export const ADDRESS_LIST_MODES = ["allow", "deny", "off"] as const;

/** The longest list; laid out it takes 8 MB of IPv4 ranges, 32 of IPv6. */
const ADDRESS_LIST_ENTRIES_MAX = 1_000_000;

/** Entries between two pauses: some 10 ms. */
const ENTRIES_PER_SLICE = 8192;

/** Characters of a bad line that an error shows. */
const SHOWN_CHARACTERS_MAX = 60;

/** What threads share; may be posted to a worker. Undefined stands for no list. */
export interface AddressListHandle {
  readonly mode: "allow" | "deny";
  readonly memory: SharedArrayBuffer;
  /** Ranges after those that touch were joined. */
  readonly ranges: number;
}

/** A line of an address list that is not a range. */
export class AddressListError extends Error {
  /** Counted from 1. */
  readonly line: number;
  /** What the line holds, shortened, quoted. */
  readonly value: string;

  constructor(line: number, value: string) {
    super(`line ${line}: ${value} is not a range of addresses`);
    this.name = "AddressListError";
    this.line = line;
    this.value = value;
  }
}

interface Range {
  readonly isIpv4: boolean;
  readonly first: bigint;
  readonly last: bigint;
}

/** The list of a file. Throws AddressListError. */
export function buildAddressList(mode: "allow" | "deny", file: Uint8Array): AddressListHandle {
  const slices = buildAddressListInSlices(mode, file);
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}

/** As `buildAddressList`, with pauses in which a thread with other duties can see to them. */
export function* buildAddressListInSlices(
  mode: "allow" | "deny",
  file: Uint8Array,
): Generator<void, AddressListHandle, void> {
  const ranges = yield* parseRanges(new TextDecoder().decode(file));
  const ipv4 = yield* joinRanges(ranges.filter(({ isIpv4 }) => isIpv4));
  const ipv6 = yield* joinRanges(ranges.filter(({ isIpv4 }) => !isIpv4));
  const length = RANGES_HEADER_WORDS + ipv4.length * RANGE_WORDS_4 + ipv6.length * RANGE_WORDS_6;
  const memory = new SharedArrayBuffer(length * Uint32Array.BYTES_PER_ELEMENT);
  const words = new Uint32Array(memory);
  words[0] = ipv4.length;
  words[1] = ipv6.length;
  let at = RANGES_HEADER_WORDS;
  for (const [index, { first, last }] of ipv4.entries()) {
    words[at++] = Number(first);
    words[at++] = Number(last);
    if (isEndOfSlice(index)) yield;
  }
  for (const [index, { first, last }] of ipv6.entries()) {
    for (const address of [first, last])
      for (let shift = 96n; shift >= 0n; shift -= 32n)
        words[at++] = Number((address >> shift) & 0xffffffffn);
    if (isEndOfSlice(index)) yield;
  }
  return { mode, memory, ranges: ipv4.length + ipv6.length };
}

/** The list in this thread; undefined where there is none. */
export function attachAddressList(
  handle: AddressListHandle | undefined,
): AddressRanges | undefined {
  if (handle === undefined) return undefined;
  return new AddressRanges(new Uint32Array(handle.memory), handle.mode === "allow");
}

function* parseRanges(text: string): Generator<void, Range[], void> {
  const ranges: Range[] = [];
  let start = 0;
  for (let line = 1; start <= text.length; line++) {
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    const entry = (text.slice(start, end).split("#", 1)[0] ?? "").trim();
    start = end + 1;
    if (isEndOfSlice(line)) yield;
    if (entry === "") continue;
    const range = parseRange(entry);
    if (range === undefined || ranges.length === ADDRESS_LIST_ENTRIES_MAX)
      throw new AddressListError(line, JSON.stringify(entry.slice(0, SHOWN_CHARACTERS_MAX)));
    ranges.push(range);
  }
  return ranges;
}

function parseRange(entry: string): Range | undefined {
  const cidr = parseCidr(entry);
  if (cidr !== undefined) return rangeOf(cidr);
  const [from, to, ...rest] = entry.split("-").map((part) => parseIpAddress(part.trim()));
  if (from === undefined || to === undefined || rest.length > 0) return undefined;
  const [first, last] = [numberOfAddress(from), numberOfAddress(to)];
  if (from.length !== to.length || first > last) return undefined;
  return { isIpv4: from.length === IPV4_BYTES, first, last };
}

function rangeOf({ address, prefixBits }: Cidr): Range {
  const first = numberOfAddress(address);
  const last = first + (1n << BigInt(address.length * 8 - prefixBits)) - 1n;
  return { isIpv4: address.length === IPV4_BYTES, first, last };
}

const numberOfAddress = (address: Uint8Array): bigint => {
  let value = 0n;
  for (const byte of address) value = (value << 8n) | BigInt(byte);
  return value;
};

/** In ascending order; those that overlap or touch are one. */
function* joinRanges(ranges: Range[]): Generator<void, Range[], void> {
  const joined: Range[] = [];
  const sorted = yield* sortRanges(ranges);
  for (const [index, range] of sorted.entries()) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last + 1n) joined.push(range);
    else if (range.last > before.last) joined[joined.length - 1] = { ...before, last: range.last };
    if (isEndOfSlice(index)) yield;
  }
  return joined;
}

/** By their first address: a slice each is sorted, then neighbours are merged until one run is left. */
function* sortRanges(ranges: readonly Range[]): Generator<void, readonly Range[], void> {
  let runs: (readonly Range[])[] = [];
  for (let from = 0; from < ranges.length; from += ENTRIES_PER_SLICE) {
    const run = ranges.slice(from, from + ENTRIES_PER_SLICE);
    runs.push(run.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0)));
    yield;
  }
  while (runs.length > 1) {
    const merged: (readonly Range[])[] = [];
    for (let at = 0; at < runs.length; at += 2)
      merged.push(yield* mergeRuns(runs[at] ?? [], runs[at + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeRuns(
  one: readonly Range[],
  other: readonly Range[],
): Generator<void, readonly Range[], void> {
  const merged: Range[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [one[i], other[j]];
    if (a !== undefined && (b === undefined || a.first <= b.first)) {
      merged.push(a);
      i++;
    } else if (b !== undefined) {
      merged.push(b);
      j++;
    } else return merged;
    if (isEndOfSlice(merged.length)) yield;
  }
}

const isEndOfSlice = (index: number): boolean => index % ENTRIES_PER_SLICE === 0;
