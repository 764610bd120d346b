/**
 * How many peers the connections of one worker may have: what `max_memory` of the section [ws] allows, or a share of the
 * host. Called when a worker's tracker is made, in its thread.
 */
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** What a peer takes at most, its torrent and its part of all tables included (bench/announces.bench.ts: 640 to 890). */
export const PEER_BYTES_MAX = 1024;
/** The share of the host's memory, or its cgroup's, that peers may take where nothing is configured: one in so many. */
const HOST_SHARE = 4;
/** Peers lie on the heap of their worker: the rest of it is for everything else and for the collector. */
const HEAP_SHARE = 2;
const MIB = 1024 * 1024;

/** Bytes of memory of the host, or of its cgroup where that has less. */
function hostBytes(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Peers for one of `workers`, where `maxMemoryMib` is configured for all together; 0 for a share of the host. */
export function peersMax(maxMemoryMib: number, workers: number): number {
  const wanted = maxMemoryMib > 0 ? maxMemoryMib * MIB : hostBytes() / HOST_SHARE;
  const heap = getHeapStatistics().heap_size_limit / HEAP_SHARE;
  return Math.max(1, Math.floor(Math.min(wanted / workers, heap) / PEER_BYTES_MAX));
}
