/**
 * The limits of [limits] that the store keeps itself, because only it knows what a peer announced before. Each worker thread
 * has one (limits.ts); `store/hot/` asks it with the shard's lock held.
 *
 * A repeat costs nothing to recognise: the slot of a known peer says in which tick of four seconds it announced last. Two
 * announces that are d ticks apart lie less than 4 (d + 1) seconds apart, so with 30 s a repeat is what lies at most 6
 * ticks behind: everything within 24 s, nothing from 28 s on. What is limited by address is asked for new peers only.
 */
import { PAUSED_BIT, SLOT_WORDS_4, TICK_MASK, TICK_SHIFT } from "../../store/layout.ts";
import type { AddressBlocks } from "./address-blocks.ts";
import { peersInSlab } from "./address-counts.ts";
import { NewPeerCounts } from "./new-peer-counts.ts";

/** `repeatTicksMax` where no announce is a repeat. */
export const NO_REPEATS = -1;

/** Why a new peer is refused; negative, so that they tell themselves from slots. */
export const REFUSED_PEERS_OF_ADDRESS = -1;
export const REFUSED_TORRENTS_OF_ADDRESS = -2;
/** Neither of them is greater: a number below is the slot of a repeat. */
export const REFUSAL_MIN = -2;

export interface AnnounceLimitsOptions {
  readonly repeatTicksMax: number;
  /** Peers of an address in a torrent, and in all torrents together; 0 for any number. */
  readonly peersPerAddressMax: number;
  readonly torrentsPerAddressMax: number;
  readonly exempt: AddressBlocks;
}

/** More peers than a torrent has. */
const NO_LIMIT = 0x7fffffff;

/** Torrents of an address that the counted shards hold at the limit at least: then their share varies by 1.6 %. */
const TORRENTS_OF_COUNTED_MIN = 4096;

/**
 * How many of the shards count by address. Torrents are spread over them at random, so with a limit of 100,000 four of 64
 * shards hold 6,250 of an address that has reached it, give or take 1.3 %. A limit below 8,192 is counted exactly, in all.
 */
export function countedShardsOf(torrentsPerAddressMax: number, shards: number): number {
  if (torrentsPerAddressMax === 0) return 0;
  let counted = shards;
  while (counted > 1 && (torrentsPerAddressMax * counted) / 2 / shards >= TORRENTS_OF_COUNTED_MIN)
    counted /= 2;
  return counted;
}

export class AnnounceLimits {
  /** The greatest distance of a repeat in ticks, or NO_REPEATS. */
  repeatTicksMax = NO_REPEATS;
  /** The tail that a peer had which has just announced in the role it was known in; a ring of announces is told by it. */
  oldTail = 0;
  private peersPerAddressMax = 0;
  /** The first shards, which count by address, and the part of the limit that falls to them. */
  private readonly countedShards: number;
  private torrentsOfCountedMax = 0;
  /** With fewer in the first shard, four standard deviations below its part of the limit, the others need not be asked. */
  private firstShardMin = 0;
  private exempt: AddressBlocks;
  /** All shards of the store: an address is in many. */
  private readonly shards: readonly Int32Array[];
  private readonly counts: NewPeerCounts;

  /** `countedShards` is what the arenas were laid out with. */
  constructor(
    options: AnnounceLimitsOptions,
    shards: readonly Int32Array[],
    countedShards: number,
  ) {
    this.shards = shards;
    this.counts = new NewPeerCounts(shards[0]);
    this.countedShards = countedShards;
    this.exempt = options.exempt;
    this.configure(options);
  }

  /** Takes other limits into use, between two announces; what is counted goes on. */
  configure(options: AnnounceLimitsOptions): void {
    const { countedShards, shards } = this;
    this.repeatTicksMax = options.repeatTicksMax;
    this.peersPerAddressMax = options.peersPerAddressMax;
    this.torrentsOfCountedMax = Math.ceil(
      (options.torrentsPerAddressMax * countedShards) / Math.max(1, shards.length),
    );
    const mean = this.torrentsOfCountedMax / Math.max(1, countedShards);
    this.firstShardMin = Math.max(0, Math.floor(mean - 4 * Math.sqrt(mean)));
    this.exempt = options.exempt;
  }

  /**
   * Whether a peer in the same role, whose slot ends in `old`, announces too early with what would be its new `tail`. `key`
   * is its address and port, `repeatTicksMax` this limit or NO_REPEATS. Keeps `old` in `oldTail`.
   */
  isRepeat(
    old: number,
    tail: number,
    key: Int32Array,
    slotWords: number,
    repeatTicksMax: number,
  ): boolean {
    this.oldTail = old;
    const ticks = ((tail >>> TICK_SHIFT) - (old >>> TICK_SHIFT)) & TICK_MASK;
    if (ticks > repeatTicksMax || ((old ^ tail) & PAUSED_BIT) !== 0) return false;
    return !this.isExempt(key, slotWords);
  }

  /** 0, or why the peer `key`, which is not in this large swarm, is not to be stored there. */
  refusalInLarge(w: Int32Array, swarm: number, slotWords: number, key: Int32Array): number {
    const { counts } = this;
    const peersMax = this.peersPerAddressMax;
    if (!counts.isOn) return 0;
    counts.take(slotWords, key);
    // Asked even where nobody has a limit: `countNewPeer` counts with what it works out.
    if (counts.isTorrentFull(w, swarm, slotWords, peersMax === 0 ? NO_LIMIT : peersMax))
      return this.isExempt(key, slotWords) ? 0 : REFUSED_PEERS_OF_ADDRESS;
    return this.refusalOfTaken(key, slotWords);
  }

  /** The same of a small one, whose `count` slots lie at `slab`. */
  refusalInSmall(
    w: Int32Array,
    slab: number,
    count: number,
    slotWords: number,
    key: Int32Array,
  ): number {
    const peersMax = this.peersPerAddressMax;
    if (this.counts.isOn) this.counts.take(slotWords, key);
    if (peersMax > 0 && count >= peersMax)
      if (peersInSlab(w, slab, count, slotWords, key) >= peersMax)
        return this.isExempt(key, slotWords) ? 0 : REFUSED_PEERS_OF_ADDRESS;
    return this.refusalOfTaken(key, slotWords);
  }

  /** 0, or why the peer `key` is not to be stored in one more torrent. */
  refusalOfTorrent(slotWords: number, key: Int32Array): number {
    if (!this.counts.isOn) return 0;
    this.counts.take(slotWords, key);
    return this.refusalOfTaken(key, slotWords);
  }

  private refusalOfTaken(key: Int32Array, slotWords: number): number {
    if (this.torrentsOfCountedMax === 0) return 0;
    const { counts, shards } = this;
    if (counts.peersInShardMax(shards[0]) < this.firstShardMin) return 0;
    let peers = 0;
    for (let i = 0; i < this.countedShards; i++) {
      const ofShard = counts.peersInShardMax(shards[i]) - counts.othersInShard(shards[i]);
      if (i === 0 && ofShard < this.firstShardMin) return 0;
      if (ofShard > 0) peers += ofShard;
    }
    if (peers < this.torrentsOfCountedMax || this.isExempt(key, slotWords)) return 0;
    return REFUSED_TORRENTS_OF_ADDRESS;
  }

  /** Counts the peer that a refusal was asked about last: it is stored now. */
  countNewPeer(w: Int32Array, swarm: number): void {
    if (this.counts.isOn) this.counts.count(w, swarm);
  }

  /** Whether the address of 1 (family 4) or 4 words (family 6) at `at` has no limits. */
  isExemptAddress(words: Int32Array, at: number, family: 4 | 6): boolean {
    return this.exempt.holds(words, at, family);
  }

  private isExempt(key: Int32Array, slotWords: number): boolean {
    return this.exempt.holds(key, 0, slotWords === SLOT_WORDS_4 ? 4 : 6);
  }
}
