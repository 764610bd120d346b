/**
 * The WebTorrent tracker's end of the channel to other nodes of a cluster: brings it what they say, and sends what it has for
 * them ten times a second. Made by `WsEndpoint`, on the thread of its worker, only where there is a cluster.
 */
import { NodeChannelEnd, type NodeChannelHandle } from "@swarmtide/runtime";
import type { RemotePeers } from "@swarmtide/ws";

/** Peers, offers and answers wait so long at most until their message is full. */
const GATHER_MILLISECONDS = 100;

export class OtherNodes {
  readonly #end: NodeChannelEnd;
  readonly #timer: NodeJS.Timeout;
  readonly #work: (what: (remote: RemotePeers) => void) => void;

  /** `work` has the tracker's part do something, as a round of its worker. */
  constructor(handle: NodeChannelHandle, work: (what: (remote: RemotePeers) => void) => void) {
    this.#work = work;
    this.#end = new NodeChannelEnd(handle, {
      message: (node, bytes) => work((remote) => remote.take(node, bytes)),
      nodeCame: (node) => work((remote) => remote.nodeCame(node)),
      nodeWent: (node) => work((remote) => remote.nodeWent(node)),
      // Every peer is told again with its next announce, which makes up for what was lost without a storm.
      lost() {},
    });
    this.#timer = setInterval(() => this.#flush(), GATHER_MILLISECONDS);
  }

  /** Sends a copy; false where too much waits. */
  send(node: number, lane: number, bytes: Uint8Array): boolean {
    return this.#end.send(node, lane, bytes);
  }

  /** Sends what is left and ends. */
  close(): void {
    clearInterval(this.#timer);
    this.#flush();
    this.#end.close();
  }

  #flush(): void {
    this.#work((remote) => remote.flush());
  }
}
