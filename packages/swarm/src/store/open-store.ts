/**
 * Makes a swarm store, attaches threads to it and sums it up. The main thread calls `createSwarmStore` once, before any
 * worker starts; every other thread attaches to the handle. Nothing here runs per packet: that is in hot/.
 *
 * `createSwarmStore` reserves one arena (SharedArrayBuffer) for each of 64 shards; the kernel commits the memory as it is
 * first written. layout.ts shows where everything lies.
 */
import { randomFillSync } from "node:crypto";
import type { LimitsConfig } from "../limits/config.ts";
import {
  arenaCountsOf,
  configureLimits,
  makeLimits,
  openAnnounceLimits,
  openScrapeRate,
} from "../limits/limits.ts";
import { openArenas } from "./arenas.ts";
import { CHANGES_WORDS, SHARD_COUNT } from "./hot/change-log.ts";
import { HASH_KEY_WORDS } from "./hot/keyed-hash.ts";
import { SwarmStore, type SwarmStoreHandle } from "./hot/swarm-store.ts";
import {
  COMPLETED_COUNT,
  GAVE_WAY,
  KEPT_COUNT,
  NEXT_FRESH,
  PEER_COUNT,
  REFUSED,
  SEEDER_COUNT,
  SLAB_WORDS_FREE,
  TORRENT_COUNT,
  WORDS_FREE,
} from "./layout.ts";

export interface SwarmStoreOptions {
  /** Address space to reserve for all arenas together; the store never grows past it. */
  readonly memoryBytesMax: number;
  /** What one address and one peer may ask for; without it there are no limits. */
  readonly limits?: LimitsConfig | undefined;
}

export interface SwarmTotals {
  /** With peers, or that had some at the last cleaning. */
  torrents: number;
  /** Without peers, kept for their completed count, as of the last cleaning. */
  torrentsKept: number;
  peersIpv4: number;
  peersIpv6: number;
  seedersIpv4: number;
  seedersIpv6: number;
  /** Completions counted since the store was made. */
  completed: number;
  /** Torrents and peers not stored because an arena was full. */
  refused: number;
  /** Torrents of a single peer, or of none, that made room for others in a full arena. */
  gaveWay: number;
  /** Bytes taken from the arenas so far, and those of them that lie in free blocks. */
  usedBytes: number;
  freeBytes: number;
}

/** Reserves the arenas, smaller ones where the host refuses; throws when not even the smallest fit. */
export function createSwarmStore(options: SwarmStoreOptions): SwarmStore {
  const counts = arenaCountsOf(options.limits, SHARD_COUNT);
  const arenas = openArenas(SHARD_COUNT, options.memoryBytesMax, undefined, counts);
  const hashKey = new Int32Array(new SharedArrayBuffer(HASH_KEY_WORDS * 4));
  hashKey.set(randomFillSync(new Int32Array(HASH_KEY_WORDS)));
  const changes = new SharedArrayBuffer(SHARD_COUNT * CHANGES_WORDS * Int32Array.BYTES_PER_ELEMENT);
  return attachSwarmStore({ arenas, hashKey, limits: makeLimits(options.limits), changes });
}

/** The store in this thread. */
export function attachSwarmStore(handle: SwarmStoreHandle): SwarmStore {
  const shards = handle.arenas.map((arena) => new Int32Array(arena));
  const [salt = 0] = randomFillSync(new Int32Array(1));
  const limits = openAnnounceLimits(handle.limits, shards);
  return new SwarmStore(handle, shards, limits, openScrapeRate(handle.limits), salt);
}

/** Takes the numbers of [limits] that a reload brings into use in this thread. */
export function configureStoreLimits(store: SwarmStore, config: LimitsConfig): void {
  configureLimits(store.limits, store.scrapeRate, config);
}

/** Sums over all shards, read without locks: each number is right, their relation may be a moment apart. */
export function readSwarmTotals(store: SwarmStore): SwarmTotals {
  const totals: SwarmTotals = {
    torrents: 0,
    torrentsKept: 0,
    peersIpv4: 0,
    peersIpv6: 0,
    seedersIpv4: 0,
    seedersIpv6: 0,
    completed: 0,
    refused: 0,
    gaveWay: 0,
    usedBytes: 0,
    freeBytes: 0,
  };
  for (const w of store.shards) {
    const kept = Atomics.load(w, KEPT_COUNT);
    totals.torrents += Math.max(0, Atomics.load(w, TORRENT_COUNT) - kept);
    totals.torrentsKept += kept;
    totals.peersIpv4 += Atomics.load(w, PEER_COUNT);
    totals.peersIpv6 += Atomics.load(w, PEER_COUNT + 1);
    totals.seedersIpv4 += Atomics.load(w, SEEDER_COUNT);
    totals.seedersIpv6 += Atomics.load(w, SEEDER_COUNT + 1);
    totals.completed += Atomics.load(w, COMPLETED_COUNT) >>> 0;
    totals.refused += Atomics.load(w, REFUSED) >>> 0;
    totals.gaveWay += Atomics.load(w, GAVE_WAY) >>> 0;
    totals.usedBytes += Atomics.load(w, NEXT_FRESH) * 4;
    totals.freeBytes += (Atomics.load(w, WORDS_FREE) + Atomics.load(w, SLAB_WORDS_FREE)) * 4;
  }
  return totals;
}
