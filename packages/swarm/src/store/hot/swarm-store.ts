/**
 * The swarm store: every torrent and peer of UDP and HTTP, off the JavaScript heap, shared by all threads.
 *
 * Each thread has one, made by open-store.ts over the same memory, and calls `announce` and `scrape`; a shard's lock is
 * held for the length of one call. One call allocates nothing, its work is bounded whatever the size of the swarm, and a
 * full arena refuses to store but still replies. layout.ts shows where everything lies.
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import type { Announce } from "../../announce/hot/announce.ts";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../../announce/hot/role.ts";
import { type AnnounceLimits, NO_REPEATS, REFUSAL_MIN } from "../../limits/hot/announce-limits.ts";
import { RecentAnnounces } from "../../limits/hot/recent-announces.ts";
import type { ScrapeRate } from "../../limits/hot/scrape-rate.ts";
import type { LimitsHandle } from "../../limits/limits.ts";
import {
  LOCK,
  NOTING,
  PAUSED_BIT,
  PORT_MASK,
  RECORD_COMPLETED,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  REFUSED,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  TICK_MASK,
  TICK_SHIFT,
} from "../layout.ts";
import { countLeechers, countPaused, countSeeders, removePeer, upsertPeer } from "./announce.ts";
import { TIME_PER_SECOND, TIME_TICK_SHIFT } from "./announce-record.ts";
import { type AnnounceRing, NO_TAIL } from "./announce-ring.ts";
import { noteChange, SHARD_COUNT } from "./change-log.ts";
import { isShort, makeRoomForPeer, makeRoomForTorrent } from "./give-way.ts";
import { keyedHash } from "./keyed-hash.ts";
import { lock, unlock } from "./lock.ts";
import { samplePeers, sampleSeed } from "./peer-sample.ts";
import { SwarmPrefetch } from "./prefetch.ts";
import { findTorrent, insertTorrent } from "./torrent-table.ts";

/** What another thread needs to attach; may be posted to a worker. */
export interface SwarmStoreHandle {
  readonly arenas: readonly SharedArrayBuffer[];
  readonly hashKey: Int32Array;
  readonly limits: LimitsHandle;
  /** Where changes are noted while another process takes over, see change-log.ts; untouched until then. */
  readonly changes: SharedArrayBuffer;
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
  /** Whether the last announce was a repeat (`min_announce_interval`): it has changed nothing and gets no peers. */
  isRepeat = false;
  /** 0, or the limit that the last announce's peer was refused by, REFUSED_…: it was not stored and gets no peers. */
  refusal = 0;
  /** Asked before a scrape. */
  readonly scrapeRate: ScrapeRate;

  /** Now, in ticks of four seconds. */
  tick = 0;
  /** Now, in sixteenths of a second modulo 2^32. */
  private time = 0;
  /** Where announces are written for the other nodes of a cluster, and 1 where they are. */
  private ring: AnnounceRing | undefined = undefined;
  private isRinged = 0;
  /** Whether the last announce of this thread has completed and was counted. */
  private isCounted = false;
  private readonly hashKey: Int32Array;
  /** Asked about new peers and repeats; a reload gives it other numbers. */
  readonly limits: AnnounceLimits;
  /** Changes with every batch; what samples are drawn with. */
  salt: number;
  /** Address and port of the peer that is handled; RemoteAnnounces fills it before it calls `openTorrent`, `upsert` or `note`. */
  readonly key: Int32Array;
  private readonly changes: Int32Array;

  /** `salt` is a random word of the thread's own, and so are `limits`. Called by `attachSwarmStore`. */
  constructor(
    handle: SwarmStoreHandle,
    shards: readonly Int32Array[],
    limits: AnnounceLimits,
    scrapeRate: ScrapeRate,
    salt: number,
  ) {
    this.handle = handle;
    this.shards = shards;
    this.limits = limits;
    this.scrapeRate = scrapeRate;
    this.arenaBytes = handle.arenas[0]?.byteLength ?? 0;
    this.hashKey = handle.hashKey;
    this.salt = salt;
    this.key = new Int32Array(5);
    this.changes = new Int32Array(handle.changes);
  }

  /**
   * The thread's clock: seconds since the tracker started (clock.ts). Peers announced from now on carry it. Called before each
   * batch of requests: peers are drawn anew with every call.
   */
  setNow(seconds: number): void {
    this.salt = (this.salt + 0x9e3779b9) | 0;
    this.scrapeRate.setNow(seconds);
    this.time = (seconds * TIME_PER_SECOND) | 0;
    this.tick = (this.time >>> TIME_TICK_SHIFT) & TICK_MASK;
  }

  /** From here on announces are written to the ring. */
  attachRing(ring: AnnounceRing): void {
    this.ring = ring;
    this.isRinged = 1;
  }

  /**
   * One announce: enters, refreshes or removes the peer and writes up to `peersWanted` others. Returns their number;
   * counts, the asker included, stand in the fields.
   */
  announce(announce: Announce): number {
    const hashKey = this.hashKey;
    const { infoHash, infoHashAt, address, addressAt, family, flags } = announce;
    const hash = announce.hash || keyedHash(hashKey, infoHash, infoHashAt, INFO_HASH_WORDS);
    const w = this.shards[hash & (SHARD_COUNT - 1)];
    const slotWords = family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
    const key = this.key;
    for (let i = 0; i < slotWords - 1; i++) key[i] = address[addressAt + i];
    key[slotWords - 1] = announce.port & PORT_MASK;
    let written = 0;
    this.stored = true;
    this.isRepeat = false;
    this.refusal = 0;
    lock(w, LOCK);
    let record = findTorrent(w, hash, infoHash, infoHashAt);
    if ((flags & ANNOUNCE_STOPPED) !== 0) {
      if (record !== 0) removePeer(w, record + swarmOf(family), slotWords, hashKey, key);
      if ((w[NOTING] | this.isRinged) !== 0) this.note(w, hash, record, announce, 0);
    } else {
      if (record === 0) record = this.openTorrent(w, hash, announce, slotWords);
      if (record !== 0) {
        const swarm = record + swarmOf(family);
        const seeder = (flags & ANNOUNCE_SEEDER) !== 0;
        const paused = (flags & ANNOUNCE_PAUSED) !== 0 ? PAUSED_BIT : 0;
        const tail = key[slotWords - 1] | (this.tick << TICK_SHIFT) | paused;
        const completedAt =
          seeder && (flags & ANNOUNCE_COMPLETED) !== 0 ? record + RECORD_COMPLETED : 0;
        const repeatTicks = announce.hasEvent ? NO_REPEATS : this.limits.repeatTicksMax;
        const slot = this.upsert(w, hash, swarm, slotWords, tail, seeder, completedAt, repeatTicks);
        if ((w[NOTING] | this.isRinged) !== 0 && slot > 0)
          this.note(w, hash, record, announce, slot);
        if (slot < REFUSAL_MIN) this.isRepeat = true;
        else if (slot < 0) {
          this.refusal = slot;
          this.stored = false;
        } else if (announce.peersWanted > 0)
          written = samplePeers(
            w,
            swarm,
            slotWords,
            slot,
            seeder,
            announce.peersWanted,
            sampleSeed(key, slotWords, this.salt),
            announce.reply,
            announce.replyAt,
          );
      }
    }
    this.readCounts(w, record, family, slotWords, false);
    unlock(w, LOCK);
    return written;
  }

  /** Notes what an announce has made of its peer, which stands in `slot` now, for other processes: one that takes over, other nodes. */
  note(w: Int32Array, hash: number, record: number, announce: Announce, slot: number): void {
    const seeder = (announce.flags & ANNOUNCE_SEEDER) !== 0;
    if (w[NOTING] !== 0 && record !== 0)
      noteChange(w, this.changes, hash, record, announce, this.key, slot, seeder);
    if (this.ring === undefined) return;
    const slotWords = announce.family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
    if (slot === 0) this.ring.write(announce, hash, this.time, NO_TAIL, NO_TAIL, false);
    else {
      const tail = w[slot + slotWords - 1];
      this.ring.write(announce, hash, this.time, tail, this.limits.oldTail, this.isCounted);
    }
  }

  /**
   * A record for the torrent of a new peer, or 0 where the peer may not be stored or there is no room. While memory is short,
   * torrents that nobody shares make room first.
   */
  openTorrent(w: Int32Array, hash: number, announce: Announce, slotWords: number): number {
    const { infoHash, infoHashAt } = announce;
    this.refusal = this.limits.refusalOfTorrent(slotWords, this.key);
    if (this.refusal === 0) {
      if (isShort(w)) makeRoomForTorrent(w, hash, this.tick);
      const record = insertTorrent(w, this.hashKey, hash, infoHash, infoHashAt);
      if (record !== 0) return record;
      w[REFUSED]++;
    }
    this.stored = false;
    return 0;
  }

  /** `upsertPeer` of the peer `key`, in a full arena once more after others have made room. */
  upsert(
    w: Int32Array,
    hash: number,
    swarm: number,
    slotWords: number,
    tail: number,
    seeder: boolean,
    completedAt: number,
    repeatTicksMax: number,
  ): number {
    const { hashKey, key, limits } = this;
    const completed = w[completedAt];
    limits.oldTail = NO_TAIL;
    for (let attempt = 0; attempt < 2; attempt++) {
      if (attempt > 0) makeRoomForPeer(w, hash, this.tick);
      const slot = upsertPeer(
        w,
        swarm,
        slotWords,
        hashKey,
        key,
        tail,
        seeder,
        completedAt,
        limits,
        repeatTicksMax,
      );
      this.isCounted = completedAt !== 0 && w[completedAt] !== completed;
      if (slot !== 0) return slot;
    }
    w[REFUSED]++;
    this.stored = false;
    return 0;
  }

  /** What this thread notes while it is behind; `key` is a random word. */
  openRecentAnnounces(key: number): RecentAnnounces {
    return new RecentAnnounces(this.limits, key); // hot-allow: once a thread, when it opens
  }

  /** Reads ahead for batches of up to `capacity` announces of this thread. */
  openPrefetch(capacity: number): SwarmPrefetch {
    return new SwarmPrefetch(this, this.hashKey, capacity); // hot-allow: once for each worker
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
}

function swarmOf(family: 4 | 6): number {
  return family === 4 ? RECORD_SWARM_4 : RECORD_SWARM_6;
}
