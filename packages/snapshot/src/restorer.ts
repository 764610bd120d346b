/**
 * Puts the swarms of a stream back into a store, while it serves. Called by the snapshot thread, chunk by chunk. Peers that
 * have expired meanwhile are left out, and torrents that the access list refuses.
 */
import {
  type InfoHashFilter,
  makeTail,
  SwarmRestore,
  type SwarmStore,
  TorrentSlots,
  tickOf,
} from "@swarmtide/swarm";
import type { SnapshotReader } from "./reader.ts";
import type { ChunkHeader } from "./records/chunk.ts";
import {
  AGE_UNIT_SECONDS,
  PEER_AGE_MASK,
  PEER_COMPLETED,
  PEER_PAUSED,
  PEER_SEEDER,
} from "./records/layout.ts";
import { TorrentReader } from "./records/torrent-reader.ts";

const SECONDS_PER_HOUR = 3600;

export interface RestorerOptions {
  readonly store: SwarmStore;
  readonly reader: SnapshotReader;
  /** The store's clock. */
  readonly nowSeconds: () => number;
  /** Unix time, seconds. */
  readonly unixSeconds: () => number;
  readonly peerAgeSecondsMax: number;
  readonly keepCompletedSeconds: number;
  /** Torrents that it refuses are left out. */
  readonly accessList?: InfoHashFilter | undefined;
  /** Swarms of another node: limits by address hold for them, and the list of addresses. */
  readonly isForeign?: boolean;
}

export class SnapshotRestorer {
  /** Peers older than `peerAgeSecondsMax`, and torrents that have nothing else. */
  peersExpired = 0;
  recordsExpired = 0;
  /** Records that the access list refuses. */
  recordsDenied = 0;
  /** What is in the store now, and what memory had no room for. */
  readonly taken: SwarmRestore;
  readonly #options: RestorerOptions;
  readonly #torrents = new TorrentReader();
  readonly #slots = new TorrentSlots();
  readonly #addresses: InfoHashFilter["addresses"];
  #tick = 0;
  /** The greatest age of this chunk that is still young enough, in units of 4 seconds; and what to add to each. */
  #ageMax = 0;
  #ageAdded = 0;
  #hoursAdded = 0;

  constructor(options: RestorerOptions) {
    this.#options = options;
    this.taken = new SwarmRestore(options.store, options.isForeign);
    if (options.isForeign === true) this.#addresses = options.accessList?.addresses;
  }

  /** One chunk. False once all is read. */
  step(): boolean {
    const { reader } = this.#options;
    const chunk = reader.next();
    if (chunk === undefined) return false;
    const { header, body } = chunk;
    this.#begin(header);
    // A peer takes as many bytes in a slot as in a record.
    if (this.#slots.slots.byteLength < body.length)
      this.#slots.slots = new Int32Array(Math.ceil(body.length / Int32Array.BYTES_PER_ELEMENT));
    const torrents = this.#torrents;
    torrents.open(body, 0, body.length);
    let records = 0;
    for (; torrents.next(); records++) this.#take();
    if (torrents.isMalformed || records !== header.records) reader.tellMalformed(header);
    return true;
  }

  #begin({ atSeconds }: ChunkHeader): void {
    const { reader, nowSeconds, unixSeconds, peerAgeSecondsMax } = this.#options;
    const now = nowSeconds();
    this.taken.setNow(now);
    this.#tick = tickOf(now);
    const writtenAt = reader.header.begunAtSeconds + atSeconds;
    // Where the time of day was set back meanwhile, ages go on from what they were.
    const elapsed = Math.max(0, unixSeconds() - writtenAt);
    const added = Math.floor(elapsed / AGE_UNIT_SECONDS);
    this.#ageAdded = Math.min(added, PEER_AGE_MASK + 1);
    this.#ageMax = Math.floor(peerAgeSecondsMax / AGE_UNIT_SECONDS) - this.#ageAdded;
    this.#hoursAdded = Math.floor(elapsed / SECONDS_PER_HOUR);
  }

  #take(): void {
    const torrents = this.#torrents;
    const slots = this.#slots;
    const { infoHash } = slots;
    for (let i = 0; i < infoHash.length; i++)
      infoHash[i] = torrents.word(torrents.infoHashAt + 4 * i);
    const { accessList, keepCompletedSeconds } = this.#options;
    if (accessList !== undefined && !accessList.allows(infoHash, 0)) {
      this.recordsDenied++;
      return;
    }
    const read = torrents.peersIpv4 + torrents.peersIpv6;
    const taken = this.#takePeers();
    this.peersExpired += read - taken;
    slots.completed = torrents.completed;
    slots.isRenewed = torrents.isRenewed;
    slots.hoursEmpty = 0;
    if (taken === 0) {
      // Its last peer has expired only now, unless it had none before.
      slots.hoursEmpty = (read === 0 ? torrents.hoursEmpty : 0) + this.#hoursAdded;
      const isKept = slots.hoursEmpty * SECONDS_PER_HOUR < keepCompletedSeconds;
      if (slots.completed === 0 || !isKept) {
        this.recordsExpired++;
        return;
      }
    }
    this.taken.restore(slots);
  }

  /** Fills the slots of both families, leechers first. Returns how many. */
  #takePeers(): number {
    const torrents = this.#torrents;
    const { leechers, seeders } = this.#slots;
    let at = 0;
    for (const family of [4, 6] as const) {
      const words = family === 4 ? 1 : 4;
      const count = family === 4 ? torrents.peersIpv4 : torrents.peersIpv6;
      const first = family === 4 ? torrents.peerAtIpv4(0) : torrents.peerAtIpv6(0);
      leechers[family] = this.#takeRole(at, first, count, words, 0);
      at += leechers[family] * (words + 1);
      seeders[family] = this.#takeRole(at, first, count, words, PEER_SEEDER);
      at += seeders[family] * (words + 1);
    }
    return leechers[4] + seeders[4] + leechers[6] + seeders[6];
  }

  /** Slots from word `at` for the peers of one role that are young enough. */
  #takeRole(at: number, first: number, count: number, words: number, role: number): number {
    const torrents = this.#torrents;
    const { slots } = this.#slots;
    const peerBytes = 4 * words + 4;
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const addressAt = first + i * peerBytes;
      const portAt = addressAt + 4 * words;
      const state = torrents.state(portAt);
      const age = state & PEER_AGE_MASK;
      if ((state & PEER_SEEDER) !== role || age > this.#ageMax) continue;
      const slot = at + taken * (words + 1);
      for (let word = 0; word < words; word++)
        slots[slot + word] = torrents.word(addressAt + 4 * word);
      if (this.#addresses?.allows(slots, slot, words === 1 ? 4 : 6) === false) continue;
      // A seeder lacks nothing, so that it is never a partial seed.
      const isPaused = role === 0 && (state & PEER_PAUSED) !== 0;
      const isCounted = (state & PEER_COMPLETED) !== 0;
      const port = torrents.port(portAt);
      slots[slot + words] = makeTail(port, this.#tick, age + this.#ageAdded, isPaused, isCounted);
      taken++;
    }
    return taken;
  }
}
