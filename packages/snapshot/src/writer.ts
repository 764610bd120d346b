/**
 * Writes the swarms of a store as a stream of records (docs/protocol/records.md) while it serves. Called by the snapshot
 * thread, step by step: a step copies one page out of the store and writes a chunk where one is full.
 */
import {
  ageOfTail,
  INFO_HASH_STRIDE,
  isCountedTail,
  isPausedTail,
  portOfTail,
  type SwarmStore,
  SwarmWalk,
  tickOf,
} from "@swarmtide/swarm";
import {
  type Compression,
  encodeChunkHeader,
  encodeStreamHeader,
  encodeTotals,
} from "./records/chunk.ts";
import { compress } from "./records/compression.ts";
import { crc32 } from "./records/crc32.ts";
import {
  AGE_UNIT_SECONDS,
  CHUNK_END,
  CHUNK_SWARMS,
  END_BODY_BYTES,
  PEER_AGE_MASK,
  PEER_COMPLETED,
  PEER_PAUSED,
  PEER_SEEDER,
  RECORD_RENEWED,
} from "./records/layout.ts";
import { TorrentWriter } from "./records/torrent-writer.ts";

/** A page of the store takes at most 53 KB; with five times that a chunk is rarely cut short. */
const BODY_BYTES_MAX = 2 ** 18;
const SLOT_WORDS_4 = 2;
const SLOT_WORDS_6 = 5;
/** A peer that announced after its chunk was begun seems to be nearly 2^14 ticks old; 17 minutes are allowed for. */
const AGE_OF_YOUNGER = 0x3f00;
const ALL_AGES = Number.POSITIVE_INFINITY;

export interface WriterOptions {
  readonly store: SwarmStore;
  readonly compression: Compression;
  /** The store's clock. */
  readonly nowSeconds: () => number;
  /** Unix time, seconds. */
  readonly unixSeconds: number;
  /** Takes the stream, piece by piece. */
  readonly write: (bytes: Uint8Array) => void;
  /** The most bytes of a chunk's body; 2^13 at least, which has room for all that the store gives of a torrent at once. */
  readonly bodyBytesMax?: number;
  /** Older peers are left out, and torrents that have no others; without it everything is written. */
  readonly peerAgeSecondsMax?: number | undefined;
}

export class SnapshotWriter {
  /** Of the chunks written so far. */
  records = 0;
  peersIpv4 = 0;
  peersIpv6 = 0;
  bodyBytes = 0;
  chunks = 0;
  readonly #options: WriterOptions;
  readonly #walk: SwarmWalk;
  readonly #body: TorrentWriter;
  readonly #ageMax: number;
  readonly #begunSeconds: number;
  #chunkSeconds: number;
  #tick: number;

  /** Writes the header of the stream. */
  constructor(options: WriterOptions) {
    this.#options = options;
    this.#body = new TorrentWriter(options.bodyBytesMax ?? BODY_BYTES_MAX);
    const { peerAgeSecondsMax: ageMax } = options;
    this.#ageMax = ageMax === undefined ? ALL_AGES : Math.ceil(ageMax / AGE_UNIT_SECONDS);
    this.#walk = new SwarmWalk(options.store, { withPeers: true });
    this.#begunSeconds = options.nowSeconds();
    this.#chunkSeconds = this.#begunSeconds;
    this.#tick = tickOf(this.#begunSeconds);
    const { compression, unixSeconds } = options;
    const begunAtSeconds = Math.floor(unixSeconds);
    options.write(encodeStreamHeader({ compression, begunAtSeconds }));
  }

  /** One page of the store. False once the stream is complete, its end included. */
  step(): boolean {
    if (!this.#walk.next()) {
      this.#writeChunk();
      this.#writeEnd();
      return false;
    }
    const walk = this.#walk;
    let slotAt = 0;
    for (let row = 0; row < walk.count; row++) slotAt = this.#encodeRow(walk, row, slotAt);
    return true;
  }

  /** Returns where the slots of the next row begin. */
  #encodeRow(walk: SwarmWalk, row: number, slotsAt: number): number {
    const leechers4 = walk.leechers(row, 4);
    const leechers6 = walk.leechers(row, 6);
    const slots4 = leechers4 + walk.seeders(row, 4);
    const slots6 = leechers6 + walk.seeders(row, 6);
    const slotsAt6 = slotsAt + slots4 * SLOT_WORDS_4;
    const slotsEnd = slotsAt6 + slots6 * SLOT_WORDS_6;
    const completed = walk.completed(row);
    const body = this.#body;
    let ipv4 = this.#countYoung(slotsAt, slots4, SLOT_WORDS_4);
    let ipv6 = this.#countYoung(slotsAt6, slots6, SLOT_WORDS_6);
    if (ipv4 + ipv6 === 0 && (completed === 0 || this.#ageMax !== ALL_AGES)) return slotsEnd;
    if (!body.hasRoomFor(ipv4, ipv6)) {
      this.#writeChunk();
      // Ages count from the new chunk.
      ipv4 = this.#countYoung(slotsAt, slots4, SLOT_WORDS_4);
      ipv6 = this.#countYoung(slotsAt6, slots6, SLOT_WORDS_6);
    }
    const hours = ipv4 + ipv6 === 0 ? walk.hoursEmpty(row, this.#chunkSeconds) : 0;
    const state = hours | (walk.isRenewed(row) ? RECORD_RENEWED : 0);
    body.torrent(walk.infoHashes, row * INFO_HASH_STRIDE, completed, state, ipv4, ipv6);
    const { slots } = walk;
    let at = slotsAt;
    for (let i = 0; i < slots4; i++, at += SLOT_WORDS_4) {
      const tail = slots[at + 1] ?? 0;
      if (this.#isYoung(tail))
        body.peerIpv4(slots[at] ?? 0, portOfTail(tail), this.#stateOf(tail, i >= leechers4));
    }
    for (let i = 0; i < slots6; i++, at += SLOT_WORDS_6) {
      const tail = slots[at + 4] ?? 0;
      if (this.#isYoung(tail))
        body.peerIpv6(slots, at, portOfTail(tail), this.#stateOf(tail, i >= leechers6));
    }
    return at;
  }

  /** How many of these slots are written. */
  #countYoung(slotsAt: number, count: number, slotWords: number): number {
    if (this.#ageMax === ALL_AGES) return count;
    const { slots } = this.#walk;
    const end = slotsAt + count * slotWords;
    let young = 0;
    for (let at = slotsAt + slotWords - 1; at < end; at += slotWords)
      if (this.#isYoung(slots[at] ?? 0)) young++;
    return young;
  }

  #isYoung(tail: number): boolean {
    return this.#ageMax === ALL_AGES || this.#ageOf(tail) <= this.#ageMax;
  }

  #ageOf(tail: number): number {
    const age = ageOfTail(tail, this.#tick);
    if (age <= PEER_AGE_MASK) return age;
    return age >= AGE_OF_YOUNGER ? 0 : PEER_AGE_MASK;
  }

  #stateOf(tail: number, seeder: boolean): number {
    return (
      this.#ageOf(tail) |
      (seeder ? PEER_SEEDER : 0) |
      (isPausedTail(tail) ? PEER_PAUSED : 0) |
      (isCountedTail(tail) ? PEER_COMPLETED : 0)
    );
  }

  #writeChunk(): void {
    const body = this.#body;
    if (body.length > 0) {
      const { records, peersIpv4, peersIpv6, length } = body;
      const stored = compress(body.bytes.subarray(0, length), this.#options.compression);
      this.#put(CHUNK_SWARMS, stored, length, { records, peersIpv4, peersIpv6 });
      this.chunks++;
      this.records += records;
      this.peersIpv4 += peersIpv4;
      this.peersIpv6 += peersIpv6;
      this.bodyBytes += length;
      body.clear();
    }
    this.#chunkSeconds = this.#options.nowSeconds();
    this.#tick = tickOf(this.#chunkSeconds);
  }

  #writeEnd(): void {
    const { records, peersIpv4, peersIpv6, bodyBytes } = this;
    const totals = encodeTotals({ records, peersIpv4, peersIpv6, bodyBytes });
    this.#put(CHUNK_END, totals, END_BODY_BYTES, { records: 0, peersIpv4: 0, peersIpv6: 0 });
  }

  #put(
    kind: typeof CHUNK_SWARMS | typeof CHUNK_END,
    stored: Uint8Array,
    bodyBytes: number,
    counts: { readonly records: number; readonly peersIpv4: number; readonly peersIpv6: number },
  ): void {
    const header = encodeChunkHeader({
      kind,
      number: this.chunks,
      atSeconds: Math.max(0, Math.floor(this.#chunkSeconds - this.#begunSeconds)),
      ...counts,
      bodyBytes,
      storedBytes: stored.length,
      bodyCrc: crc32(stored),
    });
    this.#options.write(header);
    this.#options.write(stored);
  }
}
