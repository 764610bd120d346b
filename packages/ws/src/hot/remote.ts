/** What the swarms of a worker ask of the part that knows the peers on other nodes (remote-peers.ts). */
import type { RequestRecord } from "@swarmtide/ws-protocol";
import type { ConnectionAddress } from "./delivery.ts";

/** Implemented by `RemotePeers`; called by `Swarms` and its parts. */
export interface Remote {
  /** The number of the worker that peers of other nodes seem to belong to. */
  readonly worker: number;
  /** A peer of this node has come or announced. */
  tell(peer: number): void;
  /** A peer of this node leaves; its connection stays. */
  tellLeft(peer: number): void;
  /** The connection of a peer of this node has gone. */
  tellGone(peer: number): void;
  /** A peer of another node has left, with so many identities. */
  left(slot: number, identities: number): void;
  /** Sends one of the request's offers to a peer of another node; false where it cannot be sent. */
  passOffer(peer: number, to: number, request: RequestRecord, offerIndex: number): boolean;
  /** Sends the request's answer to a peer of another node that made the offer. */
  passAnswer(from: ConnectionAddress, to: number, request: RequestRecord): void;
  /** Whether there may be peers of a node that has gone. */
  readonly isSweeping: boolean;
  /** Whether a peer, of any node, is one of those. */
  isOfGoneNode(peer: number): boolean;
  /** So many records of peers were looked at. */
  swept(visits: number): void;
}
