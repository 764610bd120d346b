/**
 * Cleaning: one pass over the store in short slices, run by the cleaning thread.
 *
 * A slice holds one shard's lock for one torrent page (at most 51 small swarms) or for 8 pages of one large swarm, so
 * a worker waits some ten microseconds at most. Between slices anything may change: the pass remembers its place as a
 * position in hash space, not as a reference, and looks everything up again.
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import type { InfoHashFilter } from "../announce/hot/admission.ts";
import { shrinkDirectory } from "./hot/directory.ts";
import { expirePage, expireSmall, pageDepth, settleLarge } from "./hot/expire.ts";
import { isAlone, isShort } from "./hot/give-way.ts";
import { keyedHash } from "./hot/keyed-hash.ts";
import { lock, unlock } from "./hot/lock.ts";
import { gatherBlock } from "./hot/slab-pages.ts";
import type { SwarmStore } from "./hot/swarm-store.ts";
import {
  findTorrent,
  joinTorrentTwins,
  removeTorrentAt,
  torrentPage,
} from "./hot/torrent-table.ts";
import {
  hasCompleted,
  hoursSince,
  isEmpty,
  keptTorrentsMax,
  markOf,
  readMark,
  writeMark,
} from "./kept-completed.ts";
import {
  KEPT_COUNT,
  LARGE_META,
  LOCK,
  NO_AGE,
  PAGE_COUNT_MASK,
  PAGE_DEPTH_SHIFT,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  RECORD_WORDS,
  SECONDS_PER_TICK,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  SMALL_CLASS_MASK,
  TICK_MASK,
  TORRENT_DIRECTORY,
  TORRENT_RECORDS,
  TORRENT_SCAN,
} from "./layout.ts";

const PAGES_PER_SLICE = 8;
const HASH_SPACE = 2 ** 32;
const SECONDS_PER_HOUR = 3600;

export interface CleaningOptions {
  /** The clock of SwarmStore.setNow. */
  readonly nowSeconds: number;
  readonly peerAgeSecondsMax: number;
  /** How long a torrent without peers stays for its completed count; by default not at all. */
  readonly keepCompletedSeconds?: number;
  /** Torrents that it refuses are removed with their peers. */
  readonly accessList?: InfoHashFilter | undefined;
}

interface LargeSwarmTask {
  readonly infoHash: Int32Array;
  readonly swarmOffset: number;
  readonly slotWords: number;
  /** The greatest age that is kept; NO_AGE removes everybody, for a torrent that the access list refuses. */
  readonly ageTicksMax: number;
  seeders: boolean;
  /** First hash of the next page, from 0 to 2^32. */
  position: number;
}

export class SwarmCleaning {
  peersRemoved = 0;
  torrentsRemoved = 0;
  /** Torrents without peers that stay for their completed count. */
  torrentsKept = 0;
  private readonly store: SwarmStore;
  private readonly tick: number;
  private readonly ageTicksMax: number;
  private readonly nowSeconds: number;
  private readonly keepHours: number;
  private readonly accessList: InfoHashFilter | undefined;
  private shardIndex = 0;
  private position = 0;
  private keptInShard = 0;
  private readonly infoHash = new Int32Array(INFO_HASH_WORDS);
  private readonly largeSwarms: LargeSwarmTask[] = [];

  constructor(store: SwarmStore, options: CleaningOptions) {
    this.store = store;
    this.tick = Math.trunc(options.nowSeconds / SECONDS_PER_TICK) & TICK_MASK;
    this.ageTicksMax = Math.trunc(options.peerAgeSecondsMax / SECONDS_PER_TICK);
    this.nowSeconds = options.nowSeconds;
    this.keepHours = Math.trunc((options.keepCompletedSeconds ?? 0) / SECONDS_PER_HOUR);
    this.accessList = options.accessList;
  }

  /** One slice. False when the pass is complete. */
  step(): boolean {
    const w = this.store.shards[this.shardIndex];
    if (w === undefined) return false;
    const task = this.largeSwarms.at(-1);
    lock(w, LOCK);
    if (task !== undefined) {
      if (!this.cleanLargeSwarm(w, task)) this.largeSwarms.pop();
    } else if (this.position < HASH_SPACE) this.cleanTorrentPage(w);
    else {
      shrinkDirectory(w, TORRENT_DIRECTORY);
      w[KEPT_COUNT] = this.keptInShard;
      this.torrentsKept += this.keptInShard;
      this.keptInShard = 0;
      this.shardIndex++;
      this.position = 0;
    }
    unlock(w, LOCK);
    return this.shardIndex < this.store.shards.length;
  }

  private cleanTorrentPage(w: Int32Array): void {
    const hash = this.position | 0;
    const page = torrentPage(w, hash);
    const short = isShort(w);
    const keptBefore = this.keptInShard;
    for (let i = ((w[page] ?? 0) & PAGE_COUNT_MASK) - 1; i >= 0; i--)
      this.cleanTorrent(w, page, i, short);
    const depth = (w[page] ?? 0) >>> PAGE_DEPTH_SHIFT;
    joinTorrentTwins(w, hash);
    // A joined page holds torrents of its twin that may not have been cleaned: the next slice looks at it again.
    if ((w[torrentPage(w, hash)] ?? 0) >>> PAGE_DEPTH_SHIFT === depth)
      this.position = pageEnd(this.position, depth);
    else this.keptInShard = keptBefore;
  }

  /** `short` says that the arena is nearly full: what nobody shares is then kept for half of the time only. */
  private cleanTorrent(w: Int32Array, page: number, index: number, short: boolean): void {
    const record = page + TORRENT_RECORDS + index * RECORD_WORDS;
    const infoHash = this.infoHash;
    infoHash[0] = w[page + TORRENT_SCAN + index] ?? 0;
    for (let i = 0; i < 4; i++) infoHash[i + 1] = w[record + i] ?? 0;
    const refused = this.accessList !== undefined && !this.accessList.allows(infoHash, 0);
    const keptTicks = short && isAlone(w, record) ? this.ageTicksMax >> 1 : this.ageTicksMax;
    const ageTicksMax = refused ? NO_AGE : keptTicks;
    this.cleanSwarm(w, record, RECORD_SWARM_4, SLOT_WORDS_4, ageTicksMax);
    this.cleanSwarm(w, record, RECORD_SWARM_6, SLOT_WORDS_6, ageTicksMax);
    const keeps = this.removeIfEmpty(w, page, record, refused || short);
    // A twin that was joined to this page has been counted already.
    if (keeps && this.hashOf(infoHash) >>> 0 >= this.position) this.keptInShard++;
  }

  private hashOf(infoHash: Int32Array): number {
    return keyedHash(this.store.handle.hashKey, infoHash, 0, INFO_HASH_WORDS);
  }

  /** `forgets` says that its completed count is not kept either. True when it stays without peers. */
  private removeIfEmpty(w: Int32Array, page: number, record: number, forgets: boolean): boolean {
    if (!isEmpty(w, record)) return false;
    if (!forgets && this.keeps(w, record)) return true;
    removeTorrentAt(w, page, (record - page - TORRENT_RECORDS) / RECORD_WORDS);
    this.torrentsRemoved++;
    return false;
  }

  /** Whether a torrent without peers stays for its completed count. What is kept is not pushed out by newer ones. */
  private keeps(w: Int32Array, record: number): boolean {
    if (this.keepHours === 0 || !hasCompleted(w, record)) return false;
    const mark = readMark(w, record);
    if (mark === 0) {
      if (this.keptInShard >= keptTorrentsMax(w)) return false;
      writeMark(w, record, markOf(this.nowSeconds));
      return true;
    }
    return hoursSince(mark, this.nowSeconds) < this.keepHours;
  }

  private cleanSwarm(
    w: Int32Array,
    record: number,
    swarmOffset: number,
    slotWords: number,
    ageTicksMax: number,
  ): void {
    const swarm = record + swarmOffset;
    if (w[swarm + 1] === LARGE_META)
      this.largeSwarms.push({
        infoHash: this.infoHash.slice(),
        swarmOffset,
        slotWords,
        ageTicksMax,
        seeders: false,
        position: 0,
      });
    else if (w[swarm + 1] !== 0) {
      this.peersRemoved += expireSmall(w, swarm, slotWords, this.tick, ageTicksMax);
      if (w[swarm] !== 0) gatherBlock(w, swarm, (w[swarm + 1] ?? 0) & SMALL_CLASS_MASK);
    }
  }

  /** Some pages of a large swarm. False when it is done, or no longer large. */
  private cleanLargeSwarm(w: Int32Array, task: LargeSwarmTask): boolean {
    const hash = this.hashOf(task.infoHash);
    const record = findTorrent(w, hash, task.infoHash, 0);
    const swarm = record + task.swarmOffset;
    if (record === 0 || w[swarm + 1] !== LARGE_META) return false;
    for (let pages = 0; pages < PAGES_PER_SLICE; pages++) {
      if (task.position >= HASH_SPACE) {
        if (task.seeders) {
          settleLarge(w, swarm, task.slotWords);
          const refused = task.ageTicksMax === NO_AGE;
          if (this.removeIfEmpty(w, torrentPage(w, hash), record, refused || isShort(w)))
            this.keptInShard++;
          return false;
        }
        task.seeders = true;
        task.position = 0;
      }
      const at = task.position | 0;
      this.peersRemoved += expirePage(
        w,
        swarm,
        task.slotWords,
        task.seeders,
        at,
        this.tick,
        task.ageTicksMax,
      );
      task.position = pageEnd(task.position, pageDepth(w, w[swarm] ?? 0, task.seeders, at));
    }
    return true;
  }
}

/** The hash after the last one of the page that `position` lies in, when the page stands for `depth` bits. */
function pageEnd(position: number, depth: number): number {
  const size = 2 ** (32 - depth);
  return (Math.floor(position / size) + 1) * size;
}
