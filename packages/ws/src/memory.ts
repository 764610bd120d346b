/**
 * How much memory the peers and offers of one worker may take: its part of `max_memory` of the section [ws]. Called when a
 * worker's tracker is made, in its thread. The program divides the host's memory before that (`ws.max_memory` = 0 becomes an
 * amount); who uses the tracker as a library and leaves it open gets a share here.
 */
import { availableMemory } from "@swarmtide/runtime";
import { SKETCH_WORDS } from "./hot/client-limits.ts";

/** The share of the host's memory, or its cgroup's, where nobody has divided it: one in so many. */
const HOST_SHARE = 4;
const MIB = 1024 * 1024;

/** Bytes for one of `workers`, where `maxMemoryMib` is configured for all together; 0 for a share of the host. */
export function memoryBytesOf(maxMemoryMib: number, workers: number): number {
  const bytes = maxMemoryMib > 0 ? maxMemoryMib * MIB : availableMemory().bytes / HOST_SHARE;
  return Math.floor(bytes / workers);
}

/** Where all workers of a tracker count the peers of each address; made before they start (client-limits.ts). */
export function makePeersByAddress(): SharedArrayBuffer {
  return new SharedArrayBuffer(SKETCH_WORDS * Int32Array.BYTES_PER_ELEMENT);
}
