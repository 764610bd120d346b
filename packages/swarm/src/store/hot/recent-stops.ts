/**
 * Peers that have stopped lately, for RemoteAnnounces: a record of another node, made before the peer stopped here, may arrive
 * after it, and must not bring the peer back. The cluster's thread has one; it is asked only about peers that are not stored.
 *
 * One place for each hash of torrent, address and port, as in `limits/hot/recent-announces.ts`: a later stop takes the place of
 * an earlier one, which is then not known any more, and the peer would stay until it is too old. Another peer's stop is taken
 * for its own once in 2^18; then its next announce brings it in.
 *
 * | bits of an entry | meaning                                             |
 * |------------------|-----------------------------------------------------|
 * | 0..13            | tick of the stop: seconds / 4, modulo 2^14           |
 * | 14..31           | 18 bits of the hash, the lowest always set           |
 *
 * Example: hash bits 0x15555 in tick 3 are 0x55554003.
 */
import { TICK_MASK } from "../layout.ts";
import { keyedHash, mix } from "./keyed-hash.ts";

/** 256 KiB: at 10,000 stops a second they are known for six seconds, records are on their way for a tenth of one. */
const ENTRIES = 65_536;
const HASH_SHIFT = 14;

export class RecentStops {
  private readonly entries: Int32Array = new Int32Array(ENTRIES);
  private readonly hashKey: Int32Array;

  /** `hashKey` is the store's. */
  constructor(hashKey: Int32Array) {
    this.hashKey = hashKey;
  }

  /** A stop `age` ticks before `tick`. `hash` is the store's of the info hash, `key` address and port. */
  note(hash: number, key: Int32Array, slotWords: number, tick: number, age: number): void {
    // An earlier one of the same peer may arrive later.
    if (this.hasStopped(hash, key, slotWords, tick, age)) return;
    const ofPeer = mix(hash ^ keyedHash(this.hashKey, key, 0, slotWords));
    this.entries[ofPeer & (ENTRIES - 1)] =
      (((ofPeer >>> HASH_SHIFT) | 1) << HASH_SHIFT) | ((tick - age) & TICK_MASK);
  }

  /** Whether the peer has stopped since it announced, `age` ticks before `tick`. */
  hasStopped(hash: number, key: Int32Array, slotWords: number, tick: number, age: number): boolean {
    const ofPeer = mix(hash ^ keyedHash(this.hashKey, key, 0, slotWords));
    const entry = this.entries[ofPeer & (ENTRIES - 1)];
    if (entry >>> HASH_SHIFT !== ((ofPeer >>> HASH_SHIFT) | 1)) return false;
    return ((tick - entry) & TICK_MASK) < age;
  }
}
