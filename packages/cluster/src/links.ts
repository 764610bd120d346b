/**
 * What the workers of a tracker have to do with its cluster: memory and ports that the main thread makes while they start, before
 * the cluster thread, which gets the other side of each.
 */
import { makeNodeChannels, type NodeChannelHandle } from "@swarmtide/runtime";
import { type AnnounceRingHandle, createAnnounceRing, setRenewalInterval } from "@swarmtide/swarm";

export class ClusterLinks {
  /** What was opened so far. */
  readonly rings: AnnounceRingHandle[] = [];
  readonly channels: NodeChannelHandle[] = [];

  /** For a worker that serves UDP or HTTP: where it writes its announces. */
  readonly openRing = (): AnnounceRingHandle => {
    const ring = createAnnounceRing();
    this.rings.push(ring);
    return ring;
  };

  /** For a worker that serves WebTorrent: its end of a channel to other nodes. */
  readonly openChannel = (): NodeChannelHandle => {
    const {
      ends: [end],
      others: [other],
    } = makeNodeChannels(1);
    if (end === undefined || other === undefined) throw new Error("no channel was made");
    this.channels.push(other);
    return end;
  };

  /** How often renewals of one peer are sent on, in seconds; 0 for all. */
  setRenewals(seconds: number): void {
    for (const ring of this.rings) setRenewalInterval(ring, seconds);
  }
}
