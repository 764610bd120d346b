/**
 * Looks at all peers, a part at a time, and has those leave that are not to stay: who has not announced for too long, who is in a
 * torrent that the access list refuses now, who was on a node that has gone.
 *
 * Owned by the worker that owns the torrents; a part of `Swarms`, called by `Upkeep`.
 */
import type { CounterRow } from "@swarmtide/metrics";
import type { Admission } from "@swarmtide/swarm";
import { ID_BYTES } from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";
import { writeId } from "./id-words.ts";
import { TORRENT_WORDS } from "./peer-layout.ts";
import type { Peers } from "./peers.ts";
import type { Remote } from "./remote.ts";
import type { SwarmLimits } from "./swarm-limits.ts";

/** What it asks `Swarms`. */
interface SweptPeers {
  readonly peers: Peers;
  leave(peer: number, tells: boolean): void;
}

export class Sweeper {
  remote: Remote | undefined = undefined;
  private readonly swarms: SweptPeers;
  private readonly limits: SwarmLimits;
  private readonly counters: CounterRow<"ws">;
  /** An info hash for the access list, which wants words. */
  private readonly infoHash = new Int32Array(ID_BYTES / 4);
  private readonly infoHashBytes = new Uint8Array(this.infoHash.buffer);
  private nextSwept = 0;

  constructor(swarms: SweptPeers, limits: SwarmLimits, counters: CounterRow<"ws">) {
    this.swarms = swarms;
    this.limits = limits;
    this.counters = counters;
  }

  /**
   * Looks at one of `parts` of all peers: who has not announced for too long leaves, and with `admission` who is in a torrent that
   * it refuses. Returns how many records were looked at.
   */
  sweep(parts: number, admission: Admission | undefined, nowSeconds: number): number {
    const { peers } = this.swarms;
    const { table } = peers;
    const gone = this.remote?.isSweeping === true ? this.remote : undefined;
    const visits = Math.ceil(table.slots / parts);
    for (let visit = 0; visit < visits && table.slots > 0; visit++) {
      this.nextSwept = this.nextSwept < table.slots ? this.nextSwept + 1 : 1;
      const peer = this.nextSwept;
      if (peers.idAt(peer) === 0) continue;
      if (gone?.isOfGoneNode(peer) === true) {
        this.counters[columns.PEERS_NODE_LEFT]++;
        this.swarms.leave(peer, true);
        continue;
      }
      const isOver = peers.ageOf(peer, nowSeconds) >= this.limits.peerAgeSeconds;
      if (!isOver && (admission === undefined || this.isAllowed(peer, admission))) continue;
      this.counters[columns.PEERS_EXPIRED]++;
      this.swarms.leave(peer, true);
    }
    this.remote?.swept(visits);
    return visits;
  }

  private isAllowed(peer: number, admission: Admission): boolean {
    const { peers } = this.swarms;
    const { words } = peers.torrents.table;
    writeId(words, peers.torrentOf(peer) * TORRENT_WORDS, this.infoHashBytes, 0);
    return admission.admitsTorrent(this.infoHash, 0);
  }
}
