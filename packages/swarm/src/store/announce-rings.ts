/**
 * Makes the ring of a worker's announces (hot/announce-ring.ts) and opens both of its ends. The main thread makes one for each
 * worker before that starts, and posts it to the worker and to the cluster's thread.
 */
import { ANNOUNCE_RECORD_WORDS } from "./hot/announce-record.ts";
import {
  AnnounceRing,
  AnnounceRingReader,
  RING_RECORDS,
  RING_RENEWAL_TICKS,
} from "./hot/announce-ring.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import { SECONDS_PER_TICK } from "./layout.ts";

/** 3 MiB: a third of a second of 200,000 announces a second, several times what collecting garbage holds the reader up. */
const RING_RECORDS_DEFAULT = 65_536;
const RING_RECORDS_MAX = 2 ** 24;

/** A ring; may be posted to another thread. */
export interface AnnounceRingHandle {
  readonly memory: SharedArrayBuffer;
}

/** A ring for at least so many records, 48 bytes each. */
export function createAnnounceRing(records: number = RING_RECORDS_DEFAULT): AnnounceRingHandle {
  if (!Number.isInteger(records) || records < 1 || records > RING_RECORDS_MAX)
    throw new RangeError(`a ring has 1 to ${RING_RECORDS_MAX} records, not ${records}`);
  let capacity = 1;
  while (capacity < records) capacity *= 2;
  const words = RING_RECORDS + capacity * ANNOUNCE_RECORD_WORDS;
  return { memory: new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT) };
}

/**
 * How often a peer's renewals are written at least; 0 for all of them. Any thread may call it at any time. What is not written is
 * not renewed at other nodes, so that it has to lie well below the age at which they forget a peer.
 */
export function setRenewalInterval({ memory }: AnnounceRingHandle, seconds: number): void {
  const ticks = seconds <= 0 ? 0 : Math.max(1, Math.round(seconds / SECONDS_PER_TICK));
  Atomics.store(new Int32Array(memory), RING_RENEWAL_TICKS, ticks);
}

/** From here on the store of this thread writes its announces into the ring. */
export function attachAnnounceRing(store: SwarmStore, { memory }: AnnounceRingHandle): void {
  store.attachRing(new AnnounceRing(memory));
}

/** The end that is read; one thread has it. */
export const openAnnounceRing = ({ memory }: AnnounceRingHandle): AnnounceRingReader =>
  new AnnounceRingReader(memory);
