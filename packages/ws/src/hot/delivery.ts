/**
 * How a swarm's owner sends a frame to a connection of any worker: ask for room, write the frame there.
 *
 * Implemented by `WorkerDelivery`: for connections of its own worker the room is in the connection's output, for those of
 * other workers in the batch that is posted there at the end of the tick.
 */
import type { Column } from "@swarmtide/metrics";

/** A connection's address: its worker, its place there, and a serial number that no other connection there has had. */
export interface ConnectionAddress {
  readonly worker: number;
  readonly connectionSlot: number;
  readonly connectionSerial: number;
}

/** A connection that announces. */
export interface AnnouncingConnection extends ConnectionAddress {
  /** Its client's address as `ClientLimits` counts it; 0 for one without limits. */
  readonly addressHash: number;
}

export abstract class Delivery {
  /** Where the frame asked for goes, after `reserve` has returned true. */
  buffer: Uint8Array = new Uint8Array(0);
  offset = 0;

  /** Whether offers for a connection are wanted, as far as is known here: `reserve` may still say no. */
  abstract takesOffers(to: ConnectionAddress): boolean;

  /** Whether replies to a connection are wanted, as far as is known here. */
  abstract takesReplies(to: ConnectionAddress): boolean;

  /** Notes for the log that a connection is refused something: the counter that counts it, and the status where there is one. */
  abstract noteRefusal(to: ConnectionAddress, column: Column<"ws">, status: number): void;

  /** Tells the worker of a connection that it has one more peer, or one less. */
  abstract changePeers(of: ConnectionAddress, change: number): void;

  /** Finds room for `bytes`, or returns false where the frame is not wanted: write exactly so many, at once. */
  abstract reserve(to: ConnectionAddress, kind: number, bytes: number): boolean;
}
