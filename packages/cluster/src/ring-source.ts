/** The announces of this node's workers, out of their rings. Cluster thread; see announces.ts. */
import {
  ANNOUNCE_RECORD_WORDS,
  type AnnounceRingReader,
  type RemoteAnnounces,
} from "@swarmtide/swarm";
import type { AnnounceSource } from "./announces.ts";
import type { RecordsWriter } from "./messages/records.ts";

/** So many at once, so that all rings have their turn. */
const RECORDS_AT_ONCE = 512;

export class RingSource implements AnnounceSource {
  readonly #rings: readonly AnnounceRingReader[];
  readonly #remote: RemoteAnnounces;
  readonly #nowSeconds: () => number;
  readonly #words = new Int32Array(RECORDS_AT_ONCE * ANNOUNCE_RECORD_WORDS);
  #next = 0;
  #dropped = 0;

  /** `remote` is told which peers have stopped here. */
  constructor(
    rings: readonly AnnounceRingReader[],
    remote: RemoteAnnounces,
    nowSeconds: () => number,
  ) {
    this.#rings = rings;
    this.#remote = remote;
    this.#nowSeconds = nowSeconds;
  }

  gather(writer: RecordsWriter): boolean {
    const { length } = this.#rings;
    const now = this.#nowSeconds();
    for (let empty = 0; empty < length; ) {
      const { room } = writer;
      if (room === 0) return true;
      const ring = this.#rings[this.#next];
      this.#next = (this.#next + 1) % length;
      const count = ring?.read(this.#words, 0, Math.min(room, RECORDS_AT_ONCE), now) ?? 0;
      if (count > 0) this.#remote.noteStops(this.#words, 0, count);
      for (let i = 0; i < count; i++) writer.add(this.#words, i * ANNOUNCE_RECORD_WORDS);
      empty = count === 0 ? empty + 1 : 0;
    }
    return false;
  }

  takeDropped(): number {
    let dropped = 0;
    for (const ring of this.#rings) dropped += ring.dropped;
    const more = dropped - this.#dropped;
    this.#dropped = dropped;
    return more;
  }
}
