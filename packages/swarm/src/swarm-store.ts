/**
 * The swarm store: every torrent and peer of UDP and HTTP, off the JavaScript heap, shared by all threads.
 *
 * `SwarmStore.create` reserves one arena (SharedArrayBuffer) for each of 64 shards; the memory is committed by the
 * kernel as it is first written. Each thread attaches to the handle and calls `announce` and `scrape`; a shard's lock is
 * held for the length of one call. layout.ts says where everything lies. DESIGN: one call allocates nothing, its work is
 * bounded whatever the size of the swarm, and a full arena refuses to store but still answers.
 */
import { randomFillSync } from "node:crypto";
import { openArenas } from "./arenas.ts";
import {
  countLeechers,
  countPaused,
  countSeeders,
  removePeer,
  upsertPeer,
} from "./hot/announce.ts";
import { HASH_KEY_WORDS, keyedHash } from "./hot/keyed-hash.ts";
import { lock, unlock } from "./hot/lock.ts";
import { samplePeers, sampleSeed } from "./hot/peer-sample.ts";
import { SwarmPrefetch } from "./hot/prefetch.ts";
import { findTorrent, insertTorrent } from "./hot/torrent-table.ts";
import {
  LOCK,
  NEXT_FRESH,
  PAUSED_BIT,
  PEER_COUNT,
  PORT_MASK,
  RECORD_COMPLETED,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  REFUSED,
  SECONDS_PER_TICK,
  SEEDER_COUNT,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  TICK_MASK,
  TICK_SHIFT,
  TORRENT_COUNT,
  WORDS_FREE,
} from "./layout.ts";

/** 64 locks are enough that 16 workers rarely meet, and 64 arenas of 1 GiB are what hosts let a process reserve. */
export const SHARD_COUNT = 64;
const INFO_HASH_WORDS = 5;

/** Bits of `announce`'s `flags`. */
export const ANNOUNCE_STOPPED = 1;
export const ANNOUNCE_SEEDER = 2;
export const ANNOUNCE_PAUSED = 4;
export const ANNOUNCE_COMPLETED = 8;

/** What another thread needs to attach; may be posted to a worker. */
export interface SwarmStoreHandle {
  readonly arenas: readonly SharedArrayBuffer[];
  readonly hashKey: Int32Array;
}

export interface SwarmStoreOptions {
  /** Address space to reserve for all arenas together; the store never grows past it. */
  readonly memoryBytesMax: number;
}

export interface SwarmTotals {
  torrents: number;
  peersIpv4: number;
  peersIpv6: number;
  seedersIpv4: number;
  seedersIpv6: number;
  /** Torrents and peers not stored because an arena was full. */
  refused: number;
  /** Bytes taken from the arenas so far, and those of them that lie in free blocks. */
  usedBytes: number;
  freeBytes: number;
}

export class SwarmStore {
  readonly handle: SwarmStoreHandle;
  /** One int32 view for each shard; hot code and cleaning index it by shard. */
  readonly shards: readonly Int32Array[];
  /** Bytes of each arena, after the host's limits. */
  readonly arenaBytes: number;

  /** Results of the last `announce` or `scrape` of this thread. */
  seeders = 0;
  leechers = 0;
  completed = 0;
  downloaders = 0;
  /** False when the last announce's peer was not stored because the arena is full. */
  stored = true;

  private tick = 0;
  private readonly hashKey: Int32Array;
  /** Changes with every batch; what samples are drawn with. */
  salt: number;
  private readonly key: Int32Array;

  private constructor(handle: SwarmStoreHandle) {
    this.handle = handle;
    this.shards = handle.arenas.map((arena) => new Int32Array(arena));
    this.arenaBytes = handle.arenas[0]?.byteLength ?? 0;
    this.hashKey = handle.hashKey;
    this.salt = randomFillSync(new Int32Array(1))[0];
    this.key = new Int32Array(5);
  }

  /** Reserves the arenas, smaller ones where the host refuses; throws when not even the smallest fit. */
  static create(options: SwarmStoreOptions): SwarmStore {
    const arenas = openArenas(SHARD_COUNT, options.memoryBytesMax);
    const hashKey = new Int32Array(new SharedArrayBuffer(HASH_KEY_WORDS * 4));
    hashKey.set(randomFillSync(new Int32Array(HASH_KEY_WORDS)));
    return new SwarmStore({ arenas, hashKey });
  }

  static attach(handle: SwarmStoreHandle): SwarmStore {
    return new SwarmStore(handle);
  }

  /**
   * The thread's clock: seconds since the process started. Peers announced from now on carry it. Called before each
   * batch of requests: peers are drawn anew with every call.
   */
  setNow(seconds: number): void {
    this.salt = (this.salt + 0x9e3779b9) | 0;
    this.tick = ((seconds / SECONDS_PER_TICK) | 0) & TICK_MASK;
  }

  /**
   * One announce. `infoHash` holds the five words of the info hash from `infoHashAt`, `address` the 1 (IPv4) or 4
   * (IPv6) words of the peer's address from `addressAt`, `port` the two bytes of its port: all as they lie in a packet,
   * read in the machine's byte order. Up to `wanted` peers are written to `reply` from halfword `replyAt`, 3 (IPv4) or
   * 9 (IPv6) halfwords each; the answer is their number. Counts (the asker included) stand in the fields.
   */
  announce(
    infoHash: Int32Array,
    infoHashAt: number,
    address: Int32Array,
    addressAt: number,
    family: 4 | 6,
    port: number,
    flags: number,
    wanted: number,
    reply: Uint16Array,
    replyAt: number,
  ): number {
    const hashKey = this.hashKey;
    const hash = keyedHash(hashKey, infoHash, infoHashAt, INFO_HASH_WORDS);
    const w = this.shards[hash & (SHARD_COUNT - 1)];
    const slotWords = family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
    const key = this.key;
    for (let i = 0; i < slotWords - 1; i++) key[i] = address[addressAt + i];
    key[slotWords - 1] = port & PORT_MASK;
    let written = 0;
    this.stored = true;
    lock(w, LOCK);
    let record = findTorrent(w, hash, infoHash, infoHashAt);
    if ((flags & ANNOUNCE_STOPPED) !== 0) {
      if (record !== 0) removePeer(w, record + swarmOf(family), slotWords, hashKey, key);
    } else {
      if (record === 0) record = insertTorrent(w, hashKey, hash, infoHash, infoHashAt);
      if (record === 0) {
        w[REFUSED]++;
        this.stored = false;
      } else {
        const swarm = record + swarmOf(family);
        const seeder = (flags & ANNOUNCE_SEEDER) !== 0;
        const paused = (flags & ANNOUNCE_PAUSED) !== 0 ? PAUSED_BIT : 0;
        const tail = key[slotWords - 1] | (this.tick << TICK_SHIFT) | paused;
        const completedAt =
          seeder && (flags & ANNOUNCE_COMPLETED) !== 0 ? record + RECORD_COMPLETED : 0;
        const slot = upsertPeer(w, swarm, slotWords, hashKey, key, tail, seeder, completedAt);
        this.stored = slot !== 0;
        if (wanted > 0)
          written = samplePeers(
            w,
            swarm,
            slotWords,
            slot,
            seeder,
            wanted,
            sampleSeed(key, slotWords, this.salt),
            reply,
            replyAt,
          );
      }
    }
    this.readCounts(w, record, family, slotWords, false);
    unlock(w, LOCK);
    return written;
  }

  /** Reads ahead for batches of up to `capacity` announces of this thread. */
  openPrefetch(capacity: number): SwarmPrefetch {
    return new SwarmPrefetch(this, this.hashKey, capacity);
  }

  /** Reads the counts of one torrent's swarm of one family into the fields; zeros when it is not stored. */
  scrape(infoHash: Int32Array, infoHashAt: number, family: 4 | 6): void {
    const hash = keyedHash(this.hashKey, infoHash, infoHashAt, INFO_HASH_WORDS);
    const w = this.shards[hash & (SHARD_COUNT - 1)];
    lock(w, LOCK);
    const record = findTorrent(w, hash, infoHash, infoHashAt);
    this.readCounts(w, record, family, family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6, true);
    unlock(w, LOCK);
  }

  private readCounts(
    w: Int32Array,
    record: number,
    family: 4 | 6,
    slotWords: number,
    withDownloaders: boolean,
  ): void {
    if (record === 0) {
      this.seeders = 0;
      this.leechers = 0;
      this.completed = 0;
      this.downloaders = 0;
      return;
    }
    const swarm = record + swarmOf(family);
    this.seeders = countSeeders(w, swarm);
    this.leechers = countLeechers(w, swarm);
    this.completed = w[record + RECORD_COMPLETED];
    if (withDownloaders) this.downloaders = this.leechers - countPaused(w, swarm, slotWords);
  }

  /** Sums over all shards, read without locks: each number is right, their relation may be a moment apart. */
  totals(): SwarmTotals {
    const totals: SwarmTotals = {
      torrents: 0,
      peersIpv4: 0,
      peersIpv6: 0,
      seedersIpv4: 0,
      seedersIpv6: 0,
      refused: 0,
      usedBytes: 0,
      freeBytes: 0,
    };
    for (const w of this.shards) {
      totals.torrents += Atomics.load(w, TORRENT_COUNT);
      totals.peersIpv4 += Atomics.load(w, PEER_COUNT);
      totals.peersIpv6 += Atomics.load(w, PEER_COUNT + 1);
      totals.seedersIpv4 += Atomics.load(w, SEEDER_COUNT);
      totals.seedersIpv6 += Atomics.load(w, SEEDER_COUNT + 1);
      totals.refused += Atomics.load(w, REFUSED) >>> 0;
      totals.usedBytes += Atomics.load(w, NEXT_FRESH) * 4;
      totals.freeBytes += Atomics.load(w, WORDS_FREE) * 4;
    }
    return totals;
  }
}

function swarmOf(family: 4 | 6): number {
  return family === 4 ? RECORD_SWARM_4 : RECORD_SWARM_6;
}
