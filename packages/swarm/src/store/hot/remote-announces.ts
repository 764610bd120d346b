/**
 * Puts announces of other nodes into the swarm store: the cluster's thread has one and calls `apply` with the records of a message
 * (announce-record.ts). Its store has no ring, so nothing that came from elsewhere is sent on.
 *
 * Of two announces of the same peer the later one counts: a record changes nothing where the peer has announced since, here or at
 * a third node, and where both fall in the same tick of four seconds the one that arrives last counts. What holds for a local
 * announce holds for a record: access list, limits by address, room; one that is refused changes nothing and is counted.
 *
 * Completions (remote-completion.ts) are counted by records of any age; the rest of an outdated record is dropped.
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import type { Admission } from "../../announce/hot/admission.ts";
import { Announce } from "../../announce/hot/announce.ts";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
} from "../../announce/hot/role.ts";
import { NO_REPEATS } from "../../limits/hot/announce-limits.ts";
import {
  COMPLETED_BIT,
  LARGE_META,
  LOCK,
  NOTING,
  PORT_MASK,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  SECONDS_PER_TICK,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  SMALL_RENEWED,
} from "../layout.ts";
import { makeTail } from "../slot-tail.ts";
import { removePeer } from "./announce.ts";
import {
  ANNOUNCE_RECORD_WORDS,
  RECORD_ADDRESS_AT,
  RECORD_AGE_AT,
  RECORD_AGE_MAX,
  RECORD_FLAGS_AT,
  RECORD_IPV6,
  RECORD_PORT_AT,
} from "./announce-record.ts";
import { findPeer } from "./find-peer.ts";
import { keyedHash } from "./keyed-hash.ts";
import { refreshLarge } from "./large-swarm.ts";
import { lock, unlock } from "./lock.ts";
import { ageTicks } from "./peer-age.ts";
import type { SwarmPrefetch } from "./prefetch.ts";
import { RecentStops } from "./recent-stops.ts";
import { completeKnown, completeNew, marksNew } from "./remote-completion.ts";
import type { SwarmStore } from "./swarm-store.ts";
import { findTorrent } from "./torrent-table.ts";

/** Records that are read ahead together. */
const BATCH = 64;
const PEER_AGE_SECONDS_DEFAULT = 1200;

export class RemoteAnnounces {
  /** Records that were applied, also where they changed nothing but the time of the last announce. */
  applied = 0;
  /** Records of peers that have announced or stopped since. */
  outdated = 0;
  /** Records older than `peerAgeSecondsMax`. */
  tooOld = 0;
  /** Records of torrents or addresses that the access list refuses, of peers beyond a limit by address, of those without room. */
  refusedByList = 0;
  refusedByLimits = 0;
  refusedByMemory = 0;
  /** Completions that were counted. */
  completions = 0;
  private readonly store: SwarmStore;
  private readonly admission: Admission;
  private readonly hashKey: Int32Array;
  private readonly prefetch: SwarmPrefetch;
  private readonly announce: Announce;
  private readonly stops: RecentStops;
  private ageTicksMax = PEER_AGE_SECONDS_DEFAULT / SECONDS_PER_TICK;
  /** Of the record that is applied. */
  private slotWords = SLOT_WORDS_4;
  private age = 0;

  /** `store` is this thread's own, attached to the memory of all. */
  constructor(store: SwarmStore, admission: Admission) {
    this.store = store;
    this.admission = admission;
    this.hashKey = store.handle.hashKey;
    this.stops = new RecentStops(this.hashKey);
    this.prefetch = store.openPrefetch(BATCH);
    this.announce = new Announce(new Int32Array(0), new Int32Array(0), new Uint16Array(0));
  }

  /** [swarm] max_peer_age: an older peer is not stored. */
  set peerAgeSecondsMax(seconds: number) {
    const ticks = (seconds / SECONDS_PER_TICK) | 0;
    this.ageTicksMax = ticks < RECORD_AGE_MAX ? ticks : RECORD_AGE_MAX;
  }

  /** The clock of SwarmStore.setNow; ages count from here. Called before each message. */
  setNow(seconds: number): void {
    this.store.setNow(seconds);
  }

  /** Applies so many records, the first of them at `at` of `words`. */
  apply(words: Int32Array, at: number, records: number): void {
    const end = at + records * ANNOUNCE_RECORD_WORDS;
    for (let from = at; from < end; from += BATCH * ANNOUNCE_RECORD_WORDS) {
      const batchEnd = from + BATCH * ANNOUNCE_RECORD_WORDS;
      const until = batchEnd < end ? batchEnd : end;
      for (let record = from; record < until; record += ANNOUNCE_RECORD_WORDS) {
        this.pointTo(words, record);
        this.prefetch.add(this.announce);
      }
      this.prefetch.run();
      for (let record = from; record < until; record += ANNOUNCE_RECORD_WORDS) {
        this.pointTo(words, record);
        this.applyOne(words[record + RECORD_FLAGS_AT], words[record + RECORD_AGE_AT]);
      }
    }
  }

  /**
   * Keeps in mind which peers have stopped here, for records that are under way. Called with the records of this node's rings, as
   * they are sent.
   */
  noteStops(words: Int32Array, at: number, records: number): void {
    const end = at + records * ANNOUNCE_RECORD_WORDS;
    for (let record = at; record < end; record += ANNOUNCE_RECORD_WORDS) {
      if ((words[record + RECORD_FLAGS_AT] & ANNOUNCE_STOPPED) === 0) continue;
      this.pointTo(words, record);
      const hash = keyedHash(this.hashKey, words, record, INFO_HASH_WORDS);
      this.noteStop(hash, words[record + RECORD_AGE_AT]);
    }
  }

  /** Fills the announce and the key of its peer from a record. */
  private pointTo(words: Int32Array, record: number): void {
    const flags = words[record + RECORD_FLAGS_AT];
    const { announce } = this;
    const isIpv6 = (flags & RECORD_IPV6) !== 0;
    announce.infoHash = words;
    announce.infoHashAt = record;
    announce.address = words;
    announce.addressAt = record + RECORD_ADDRESS_AT;
    announce.family = isIpv6 ? 6 : 4;
    announce.port = words[record + RECORD_PORT_AT] & PORT_MASK;
    announce.flags = roleOf(flags);
    const slotWords = isIpv6 ? SLOT_WORDS_6 : SLOT_WORDS_4;
    const { key } = this.store;
    for (let i = 0; i < slotWords - 1; i++) key[i] = words[record + RECORD_ADDRESS_AT + i];
    key[slotWords - 1] = announce.port;
    this.slotWords = slotWords;
  }

  private applyOne(flags: number, age: number): void {
    const { admission, announce, store } = this;
    const { infoHash, infoHashAt, address, addressAt, family } = announce;
    if (!admission.admits(announce) || !admission.admitsAddress(address, addressAt, family)) {
      this.refusedByList++;
      return;
    }
    this.age = age > 0 ? age : 0;
    if (this.age > this.ageTicksMax) {
      this.tooOld++;
      return;
    }
    const hash =
      this.prefetch.hashOf(announce) ||
      keyedHash(this.hashKey, infoHash, infoHashAt, INFO_HASH_WORDS);
    const w = store.shards[hash & (store.shards.length - 1)];
    lock(w, LOCK);
    const record = findTorrent(w, hash, infoHash, infoHashAt);
    let known = 0;
    if (record !== 0) {
      const swarm = record + this.swarmOffset();
      known = findPeer(w, swarm, this.slotWords, this.hashKey, store.key);
    }
    if ((announce.flags & ANNOUNCE_STOPPED) !== 0) this.stop(w, hash, record, known);
    else if (known !== 0) this.renew(w, hash, record, known, flags);
    else this.enter(w, hash, record, flags);
    unlock(w, LOCK);
  }

  private swarmOffset(): number {
    return this.slotWords === SLOT_WORDS_4 ? RECORD_SWARM_4 : RECORD_SWARM_6;
  }

  /** `known` is what `findPeer` says. */
  private stop(w: Int32Array, hash: number, record: number, known: number): void {
    const { announce, slotWords, store } = this;
    if (known !== 0) {
      if (this.isOutdated(w[Math.abs(known) + slotWords - 1])) return;
      removePeer(w, record + this.swarmOffset(), slotWords, this.hashKey, store.key);
      if (w[NOTING] !== 0) store.note(w, hash, record, announce, 0);
    }
    this.noteStop(hash, this.age);
    this.applied++;
  }

  /** A peer that is stored: it may have another role now. */
  private renew(w: Int32Array, hash: number, record: number, known: number, flags: number): void {
    const { announce, slotWords, store } = this;
    const wasSeeder = known < 0;
    let slot = Math.abs(known);
    const at = slot + slotWords - 1;
    this.completions += completeKnown(w, record, at, wasSeeder, flags);
    const old = w[at];
    if (this.isOutdated(old)) return;
    const swarm = record + this.swarmOffset();
    const seeder = (announce.flags & ANNOUNCE_SEEDER) !== 0;
    const tail = this.tail((old & COMPLETED_BIT) !== 0);
    if (wasSeeder !== seeder)
      slot = store.upsert(w, hash, swarm, slotWords, tail, seeder, 0, NO_REPEATS);
    else if (w[swarm + 1] === LARGE_META) refreshLarge(w, w[swarm], slotWords, slot, tail, seeder);
    else {
      w[at] = tail;
      w[swarm + 1] |= SMALL_RENEWED;
    }
    this.account(slot);
    if (w[NOTING] !== 0 && slot > 0) store.note(w, hash, record, announce, slot);
  }

  /** A peer that is not stored; `found` is its torrent, or 0. */
  private enter(w: Int32Array, hash: number, found: number, flags: number): void {
    const { announce, slotWords, store } = this;
    const hasStopped = this.stops.hasStopped(hash, store.key, slotWords, store.tick, this.age);
    if (hasStopped) this.outdated++;
    if (hasStopped && (flags & ANNOUNCE_COMPLETED) === 0) return;
    let record = found;
    store.refusal = 0;
    if (record === 0) record = store.openTorrent(w, hash, announce, slotWords);
    if (record === 0) {
      this.account(store.refusal);
      return;
    }
    if (hasStopped) {
      this.completions += completeNew(w, record, flags);
      return;
    }
    const seeder = (announce.flags & ANNOUNCE_SEEDER) !== 0;
    const tail = this.tail(marksNew(flags, seeder));
    const swarm = record + this.swarmOffset();
    const slot = store.upsert(w, hash, swarm, slotWords, tail, seeder, 0, NO_REPEATS);
    this.account(slot);
    if (slot <= 0) return;
    this.completions += completeNew(w, record, flags);
    if (w[NOTING] !== 0) store.note(w, hash, record, announce, slot);
  }

  /** Counts what became of a record: a slot, 0 where there was no room, or the limit that refused it. */
  private account(slot: number): void {
    if (slot > 0) this.applied++;
    else if (slot === 0) this.refusedByMemory++;
    else this.refusedByLimits++;
  }

  /** Whether the peer with this tail has announced since the record was made; counts it. */
  private isOutdated(tail: number): boolean {
    if (ageTicks(tail, this.store.tick) >= this.age) return false;
    this.outdated++;
    return true;
  }

  /** The tail of a slot, from the record. */
  private tail(isCounted: boolean): number {
    const { flags, port } = this.announce;
    const isPaused = (flags & ANNOUNCE_PAUSED) !== 0;
    return makeTail(port, this.store.tick, this.age, isPaused, isCounted);
  }

  private noteStop(hash: number, age: number): void {
    this.stops.note(hash, this.store.key, this.slotWords, this.store.tick, age);
  }
}

/** The flags that an announce of this record would have; whatever else they say, a stopped peer has no role. */
function roleOf(flags: number): number {
  if ((flags & ANNOUNCE_STOPPED) !== 0) return ANNOUNCE_STOPPED;
  if ((flags & ANNOUNCE_SEEDER) !== 0) return ANNOUNCE_SEEDER;
  return flags & ANNOUNCE_PAUSED;
}
