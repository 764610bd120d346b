/**
 * Brings what a batch of announces will need into the processor's caches, before they are handled one by one.
 *
 * An announce follows up to seven references, each a cache miss once there are some 100,000 torrents: 150 ns on the
 * machine this was measured on, with nothing else to do meanwhile. Here each step is taken for the whole batch, in loops
 * so short that the processor has a dozen of these misses under way at once; then a miss costs 10 to 20 ns. Nothing is
 * decided from what is read: no lock is held, and a word that changes meanwhile, or is nonsense, only costs a miss
 * later. A reference outside the arena reads as undefined.
 *
 * `bench/datagram-handler.bench.ts` of packages/udp shows the gain, docs/decisions the figures.
 */
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import type { Announce } from "../../announce/hot/announce.ts";
import { ANNOUNCE_SEEDER } from "../../announce/hot/role.ts";
import {
  LARGE_LEECHER_SET,
  LARGE_META,
  LARGE_SEEDER_SET,
  PAGE_COUNT_MASK,
  PORT_MASK,
  RECORD_SWARM_4,
  RECORD_SWARM_6,
  RECORD_WORDS,
  SLOT_WORDS_4,
  SLOT_WORDS_6,
  SMALL_CLASS_MASK,
  TORRENT_DEPTH,
  TORRENT_DIRECTORY,
  TORRENT_RECORDS,
  TORRENT_SCAN,
} from "../layout.ts";
import { keyedHash } from "./keyed-hash.ts";
import { firstSlot } from "./peer-pages.ts";
import { sampleSeed, seedersSeed, slotBelow } from "./peer-sample.ts";

const KEY_WORDS = 5;
const LINE_WORDS = 16;
/** Words of an info hash but for the first. */
const OTHER_WORDS = INFO_HASH_WORDS - 1;
/** Lines of a sample that are read ahead: 30 IPv4 peers and a part of a line. */
const SAMPLE_WORDS = 4 * LINE_WORDS;

/** What reading ahead needs of the store; its salt changes with every batch. */
export interface PrefetchedStore {
  readonly shards: readonly Int32Array[];
  readonly salt: number;
}

export class SwarmPrefetch {
  private readonly store: PrefetchedStore;
  private readonly hashKey: Int32Array;
  private count = 0;
  private largeCount = 0;
  /** Announces of the batch whose hashes `hashOf` still knows, and the one that is likely to be asked about next. */
  private noted = 0;
  private next = 0;
  /** For each announce of the batch. */
  private readonly shard: Int32Array;
  private readonly hash: Int32Array;
  private readonly firstWord: Int32Array;
  /** Where each info hash lay, and its other four words. */
  private readonly infoHashAt: Int32Array;
  private readonly otherWords: Int32Array;
  private readonly slotWords: Int32Array;
  private readonly peerHash: Int32Array;
  private readonly seed: Int32Array;
  private readonly seeder: Int32Array;
  private readonly at: Int32Array;
  /** For each announce to a large swarm: which one it is, and where it goes on in the three sets it looks at. */
  private readonly large: Int32Array;
  private readonly ownAt: Int32Array;
  private readonly leecherAt: Int32Array;
  private readonly seederAt: Int32Array;
  private readonly key: Int32Array;
  /** What was read, summed up, so that no compiler finds the reads useless. */
  touched = 0;

  constructor(store: PrefetchedStore, hashKey: Int32Array, capacity: number) {
    this.store = store;
    this.hashKey = hashKey;
    this.shard = new Int32Array(capacity);
    this.hash = new Int32Array(capacity);
    this.firstWord = new Int32Array(capacity);
    this.infoHashAt = new Int32Array(capacity);
    this.otherWords = new Int32Array(capacity * OTHER_WORDS);
    this.slotWords = new Int32Array(capacity);
    this.peerHash = new Int32Array(capacity);
    this.seed = new Int32Array(capacity);
    this.seeder = new Int32Array(capacity);
    this.at = new Int32Array(capacity);
    this.large = new Int32Array(capacity);
    this.ownAt = new Int32Array(capacity);
    this.leecherAt = new Int32Array(capacity);
    this.seederAt = new Int32Array(capacity);
    this.key = new Int32Array(KEY_WORDS);
  }

  /** Notes one announce of the batch. At most `capacity` for each `run`. */
  add(announce: Announce): void {
    const { infoHash, infoHashAt, address, addressAt } = announce;
    const i = this.count++;
    const hash = keyedHash(this.hashKey, infoHash, infoHashAt, INFO_HASH_WORDS);
    this.shard[i] = hash & (this.store.shards.length - 1);
    this.hash[i] = hash;
    this.infoHashAt[i] = infoHashAt;
    this.firstWord[i] = infoHash[infoHashAt];
    const other = i * OTHER_WORDS;
    this.otherWords[other] = infoHash[infoHashAt + 1];
    this.otherWords[other + 1] = infoHash[infoHashAt + 2];
    this.otherWords[other + 2] = infoHash[infoHashAt + 3];
    this.otherWords[other + 3] = infoHash[infoHashAt + 4];
    const slotWords = announce.family === 4 ? SLOT_WORDS_4 : SLOT_WORDS_6;
    const key = this.key;
    for (let word = 0; word < slotWords - 1; word++) key[word] = address[addressAt + word];
    key[slotWords - 1] = announce.port & PORT_MASK;
    this.slotWords[i] = slotWords;
    this.peerHash[i] = keyedHash(this.hashKey, key, 0, slotWords);
    this.seed[i] = sampleSeed(key, slotWords, this.store.salt);
    this.seeder[i] = (announce.flags & ANNOUNCE_SEEDER) !== 0 ? 1 : 0;
  }

  /**
   * The hash of an announce's info hash as `add` worked it out for the last batch, or 0 where that was for another one. Announces
   * are asked about in the order in which they were added, some not at all. All five words are compared, so that the
   * memory may have changed since, at 4 ns instead of the hash's 20.
   */
  hashOf(announce: Announce): number {
    const { infoHash, infoHashAt: at } = announce;
    const { infoHashAt, noted } = this;
    let i = this.next;
    while (i < noted && infoHashAt[i] !== at) i++;
    this.next = i + 1;
    if (i >= noted) return 0;
    const { otherWords } = this;
    const other = i * OTHER_WORDS;
    const isSame =
      this.firstWord[i] === infoHash[at] &&
      otherWords[other] === infoHash[at + 1] &&
      otherWords[other + 1] === infoHash[at + 2] &&
      otherWords[other + 2] === infoHash[at + 3] &&
      otherWords[other + 3] === infoHash[at + 4];
    return isSame ? this.hash[i] : 0;
  }

  /** Reads ahead for what was added, and forgets it but for its hashes. */
  run(): void {
    this.touchTorrentDirectories();
    this.touchTorrentPages();
    this.touchRecords();
    this.touchSwarms();
    this.touchPeerDirectories();
    this.touchPeerPages();
    this.touchSamples();
    this.noted = this.count;
    this.next = 0;
    this.count = 0;
    this.largeCount = 0;
  }

  private touchTorrentDirectories(): void {
    const { shards } = this.store;
    let touched = 0;
    for (let i = 0; i < this.count; i++) {
      const w = shards[this.shard[i]];
      const entry = w[TORRENT_DIRECTORY] + (this.hash[i] >>> (32 - w[TORRENT_DEPTH]));
      this.at[i] = entry;
      touched += w[entry];
    }
    this.touched = touched | 0;
  }

  private touchTorrentPages(): void {
    const { shards } = this.store;
    let touched = 0;
    for (let i = 0; i < this.count; i++) {
      const w = shards[this.shard[i]];
      const page = w[this.at[i]];
      this.at[i] = page;
      touched += w[page] + w[page + LINE_WORDS] + w[page + 2 * LINE_WORDS];
    }
    this.touched = touched | 0;
  }

  private touchRecords(): void {
    const { shards } = this.store;
    let touched = 0;
    for (let i = 0; i < this.count; i++) {
      const w = shards[this.shard[i]];
      const page = this.at[i];
      const first = this.firstWord[i];
      const scan = page + TORRENT_SCAN;
      const count = w[page] & PAGE_COUNT_MASK;
      let index = 0;
      while (index < count && w[scan + index] !== first) index++;
      const record = page + TORRENT_RECORDS + index * RECORD_WORDS;
      const offset = this.slotWords[i] === SLOT_WORDS_4 ? RECORD_SWARM_4 : RECORD_SWARM_6;
      this.at[i] = index < count ? record + offset : 0;
      touched += w[record] + w[record + RECORD_WORDS - 1];
    }
    this.touched = touched | 0;
  }

  private touchSwarms(): void {
    const { shards } = this.store;
    let touched = 0;
    for (let i = 0; i < this.count; i++) {
      const swarm = this.at[i];
      if (swarm === 0) continue;
      const w = shards[this.shard[i]];
      const meta = w[swarm + 1];
      const block = w[swarm];
      touched += w[block];
      if (meta === LARGE_META) {
        this.at[i] = block;
        this.large[this.largeCount++] = i;
        continue;
      }
      const end = block + (1 << (meta & SMALL_CLASS_MASK));
      for (let line = block + LINE_WORDS; line < end; line += LINE_WORDS) touched += w[line];
    }
    this.touched = touched | 0;
  }

  private touchPeerDirectories(): void {
    const { shards } = this.store;
    let touched = 0;
    for (let n = 0; n < this.largeCount; n++) {
      const i = this.large[n];
      const w = shards[this.shard[i]];
      const header = this.at[i];
      const leechers = header + LARGE_LEECHER_SET;
      const seeders = header + LARGE_SEEDER_SET;
      const own = this.seeder[i] === 1 ? seeders : leechers;
      const ownEntry = w[own] + (this.peerHash[i] >>> (32 - w[own + 1]));
      const seed = this.seed[i];
      const leecherEntry = w[leechers] + (seed >>> (32 - w[leechers + 1]));
      this.ownAt[n] = ownEntry;
      this.leecherAt[n] = leecherEntry;
      touched += w[ownEntry] + w[leecherEntry];
      if (this.seeder[i] === 1) continue;
      const seederEntry = w[seeders] + (seedersSeed(seed) >>> (32 - w[seeders + 1]));
      this.seederAt[n] = seederEntry;
      touched += w[seederEntry];
    }
    this.touched = touched | 0;
  }

  private touchPeerPages(): void {
    const { shards } = this.store;
    let touched = 0;
    for (let n = 0; n < this.largeCount; n++) {
      const i = this.large[n];
      const w = shards[this.shard[i]];
      const page = w[this.ownAt[n]];
      const leecherPage = w[this.leecherAt[n]];
      this.leecherAt[n] = leecherPage;
      touched += w[leecherPage];
      const words = this.slotWords[i] === SLOT_WORDS_4 ? 128 : 256;
      for (let line = page; line < page + words; line += LINE_WORDS) touched += w[line];
      if (this.seeder[i] === 1) continue;
      const seederPage = w[this.seederAt[n]];
      this.seederAt[n] = seederPage;
      touched += w[seederPage];
    }
    this.touched = touched | 0;
  }

  private touchSamples(): void {
    const { shards } = this.store;
    let touched = 0;
    for (let n = 0; n < this.largeCount; n++) {
      const i = this.large[n];
      const w = shards[this.shard[i]];
      const slotWords = this.slotWords[i];
      const seed = this.seed[i];
      const leecherPage = this.leecherAt[n];
      const leecher =
        firstSlot(leecherPage, slotWords) +
        slotBelow(seed, w[leecherPage] & PAGE_COUNT_MASK) * slotWords;
      for (let word = 0; word < SAMPLE_WORDS; word += LINE_WORDS) touched += w[leecher + word];
      if (this.seeder[i] === 1) continue;
      const seederPage = this.seederAt[n];
      const seeder =
        firstSlot(seederPage, slotWords) +
        slotBelow(seedersSeed(seed), w[seederPage] & PAGE_COUNT_MASK) * slotWords;
      for (let word = 0; word < SAMPLE_WORDS; word += LINE_WORDS) touched += w[seeder + word];
    }
    this.touched = touched | 0;
  }
}
