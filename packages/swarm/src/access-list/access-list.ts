/**
 * Which torrents the tracker serves: those on a list, those not on a list, or all.
 *
 * The main thread parses the operator's file (access-list-file.ts), builds the list and posts its handle to the workers; each
 * attaches and asks `allows` per request. A reload builds a new list and posts that: a list never changes once built, so
 * there is nothing to lock. The memory is given back when the last thread has let go of it.
 */
import { randomFillSync } from "node:crypto";
import { INFO_HASH_BYTES, INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import type { InfoHashFilter } from "../announce/hot/admission.ts";
import { type AddressListHandle, attachAddressList } from "../limits/address-list.ts";
import type { AddressRanges } from "../limits/hot/address-ranges.ts";
import {
  hasInfoHash,
  keepEntry,
  SET_COUNT_WORD,
  SET_ENTRIES_MAX,
  SET_INDEX_WORD,
  SET_KEY_WORD,
  SET_MASK_WORD,
} from "./hot/info-hash-set.ts";

/** `allow`: only what is listed · `deny`: all but what is listed · `off`: everything, no list is read. */
export const ACCESS_LIST_MODES = ["allow", "deny", "off"] as const;

export type AccessListMode = (typeof ACCESS_LIST_MODES)[number];

/** The longest list, 33,554,431 entries; it takes 900 MiB. */
export const ACCESS_LIST_ENTRIES_MAX: number = SET_ENTRIES_MAX;

const INDEX_SLOTS_MIN = 16;
/** Entries between two pauses of `buildInSlices`: some 10 ms. */
const ENTRIES_PER_SLICE = 32_768;

/** What a list is built of. */
export interface AccessListParts {
  readonly mode: AccessListMode;
  /** The info hashes one after another, 20 bytes each; those that occur twice are kept once. Not looked at in mode `off`. */
  readonly hashes?: Uint8Array;
}

/** What another thread needs to attach; may be posted to it (structured clone shares the memory). */
export interface AccessListHandle {
  readonly mode: AccessListMode;
  readonly memory: SharedArrayBuffer;
  /** Which addresses are served, beside which torrents; undefined for all. */
  readonly addresses?: AddressListHandle | undefined;
}

/** An access list as one thread sees it. */
export class AccessList implements InfoHashFilter {
  readonly handle: AccessListHandle;
  readonly mode: AccessListMode;
  readonly addresses: AddressRanges | undefined;
  readonly #set: Int32Array;
  readonly #isOff: boolean;
  readonly #listedIsAllowed: boolean;
  /** Where bytes are laid out as words, for `allowsBytes`. */
  readonly #scratchWords = new Int32Array(INFO_HASH_WORDS);
  readonly #scratchBytes = new Uint8Array(this.#scratchWords.buffer);

  private constructor(handle: AccessListHandle) {
    this.handle = handle;
    this.mode = handle.mode;
    this.addresses = attachAddressList(handle.addresses);
    this.#set = new Int32Array(handle.memory);
    this.#isOff = handle.mode === "off";
    this.#listedIsAllowed = handle.mode === "allow";
  }

  /** Lays out a list for all threads. */
  static build(parts: AccessListParts): AccessListHandle {
    const slices = AccessList.buildInSlices(parts);
    for (;;) {
      const slice = slices.next();
      if (slice.done === true) return slice.value;
    }
  }

  /** As `build`, with pauses in which a thread with other duties can see to them. */
  static *buildInSlices({
    mode,
    hashes = new Uint8Array(0),
  }: AccessListParts): Generator<void, AccessListHandle, void> {
    if (hashes.length % INFO_HASH_BYTES !== 0)
      throw new RangeError(`info hashes fill a multiple of 20 bytes, not ${hashes.length}`);
    const count = mode === "off" ? 0 : hashes.length / INFO_HASH_BYTES;
    if (count > ACCESS_LIST_ENTRIES_MAX)
      throw new RangeError(`${count} entries are more than ${ACCESS_LIST_ENTRIES_MAX}`);
    let slots = INDEX_SLOTS_MIN;
    while (slots < 2 * count) slots *= 2;
    const words = SET_INDEX_WORD + slots + count * INFO_HASH_WORDS;
    const memory = new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT);
    const set = new Int32Array(memory);
    set.set(randomFillSync(new Int32Array(2)), SET_KEY_WORD);
    set[SET_MASK_WORD] = slots - 1;
    let to = (SET_INDEX_WORD + slots) * Int32Array.BYTES_PER_ELEMENT;
    for (let from = 0; from < count; from += ENTRIES_PER_SLICE) {
      to = insert(set, hashes, from, Math.min(from + ENTRIES_PER_SLICE, count), to);
      yield;
    }
    return { mode, memory };
  }

  /** The list in this thread. */
  static attach(handle: AccessListHandle): AccessList {
    return new AccessList(handle);
  }

  /** How many different info hashes are listed. */
  get entryCount(): number {
    return this.#set[SET_COUNT_WORD] ?? 0;
  }

  /** Whether the tracker serves the info hash in the five words, as they lie in memory, at `at`. Does not allocate. */
  allows(words: Int32Array, at: number): boolean {
    return this.#isOff || hasInfoHash(this.#set, words, at) === this.#listedIsAllowed;
  }

  /** As `allows`, for the 20 bytes at any offset. Does not allocate. */
  allowsBytes(bytes: Uint8Array, offset = 0): boolean {
    if (this.#isOff) return true;
    for (let i = 0; i < INFO_HASH_BYTES; i++) this.#scratchBytes[i] = bytes[offset + i] ?? 0;
    return this.allows(this.#scratchWords, 0);
  }
}

/**
 * Copies each info hash of a slice behind the last entry, to the byte `end`; one that is there already is written over by
 * the next. Returns where the entries end.
 */
function insert(
  set: Int32Array,
  hashes: Uint8Array,
  from: number,
  until: number,
  end: number,
): number {
  const bytes = new Uint8Array(set.buffer);
  let to = end;
  for (let i = from; i < until; i++) {
    const at = i * INFO_HASH_BYTES;
    for (let byte = 0; byte < INFO_HASH_BYTES; byte++) bytes[to + byte] = hashes[at + byte] ?? 0;
    if (keepEntry(set)) to += INFO_HASH_BYTES;
  }
  return to;
}
