/**
 * Announces of the last half minute, for a worker that is behind: it drops repeats unanswered, before the store is asked. Each
 * worker thread has one; it notes announces only while the worker is behind, so that it costs nothing at other times.
 *
 * One place a hash of address, port and info hash; a later announce takes the place of an earlier one, which is then not known
 * as a repeat any more. Somebody else's announce is taken for a repeat once in 2^18.
 *
 * | bits of an entry | meaning                                                 |
 * |------------------|---------------------------------------------------------|
 * | 0..13            | tick of the announce: seconds / 4, modulo 2^14          |
 * | 14..31           | 18 bits of the hash, the lowest always set              |
 *
 * Example: hash bits 0x15555 in tick 3 are 0x55554003.
 */
import type { Announce } from "../../announce/hot/announce.ts";
import { mix } from "../../store/hot/keyed-hash.ts";
import { TICK_MASK } from "../../store/layout.ts";
import type { AnnounceLimits } from "./announce-limits.ts";

/** 256 KiB: more announces than half a minute's share of a worker that others repeat would hide fewer repeats, not more. */
const ENTRIES = 65_536;
const HASH_SHIFT = 14;

export class RecentAnnounces {
  private readonly limits: AnnounceLimits;
  private readonly key: number;
  private readonly entries: Int32Array;

  /** `key` is a random word. */
  constructor(limits: AnnounceLimits, key: number) {
    this.limits = limits;
    this.key = key;
    this.entries = new Int32Array(ENTRIES);
  }

  /** Whether the peer has announced this torrent within the limit, as far as is known; notes the announce if not. */
  isRepeat(announce: Announce, tick: number): boolean {
    const { infoHash, infoHashAt, address, addressAt, family, port, flags } = announce;
    let hash = mix(address[addressAt] ^ this.key);
    if (family === 6)
      for (let i = 1; i < 4; i++) hash = mix(hash ^ address[addressAt + i] ^ this.key);
    hash = mix(hash ^ port ^ (flags << 16));
    hash = mix(mix(hash ^ infoHash[infoHashAt]) ^ infoHash[infoHashAt + 1]);
    const entry = this.entries[hash & (ENTRIES - 1)];
    const bits = (hash >>> HASH_SHIFT) | 1;
    const isKnown = entry >>> HASH_SHIFT === bits;
    if (isKnown && ((tick - entry) & TICK_MASK) <= this.limits.repeatTicksMax)
      return !this.limits.isExemptAddress(address, addressAt, family);
    this.entries[hash & (ENTRIES - 1)] = (bits << HASH_SHIFT) | tick;
    return false;
  }
}
