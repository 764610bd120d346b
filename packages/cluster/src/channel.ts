/**
 * The messages of workers to workers of other nodes (packages/runtime/src/node-channel.ts), between their ports and NATS. They are
 * carried, never repaired: where some are lost, both sides are told. Bounded in each direction; cluster thread.
 */
import { add } from "@swarmtide/metrics";
import {
  ALL_ENDS,
  ALL_NODES,
  CHANNEL_MESSAGE_BYTES_MAX,
  CHANNEL_WAITING_BYTES_MAX,
  type IncomingMessage,
  NOT_SENT,
  type NodeChannelHandle,
  type OutgoingMessage,
  WAITING_IN,
  WAITING_OUT,
} from "@swarmtide/runtime";
import { LOST_CHANNEL, LOST_OUTBOUND } from "./counters.ts";
import type { Member } from "./member.ts";
import type { Surroundings } from "./surroundings.ts";

/** Publishes a message of a worker. False where it is lost. */
export type SendToNode = (node: number, lane: number, bytes: Uint8Array) => boolean;

class OtherSide {
  readonly #handle: NodeChannelHandle;
  readonly #waiting: Int32Array;
  #notSent = 0;
  /** Of which nodes the worker will be told that messages were lost; ALL_NODES for its own. */
  readonly lost = new Set<number>();

  constructor(handle: NodeChannelHandle, take: (message: OutgoingMessage) => void) {
    this.#handle = handle;
    this.#waiting = new Int32Array(handle.waiting);
    handle.port.on("message", (message: OutgoingMessage) => {
      Atomics.sub(this.#waiting, WAITING_OUT, message.bytes.length);
      take(message);
    });
  }

  tell(message: IncomingMessage): void {
    this.#handle.port.postMessage(message);
  }

  /** Sends a copy. False where too much waits. */
  deliver(node: number, bytes: Uint8Array): boolean {
    if (Atomics.load(this.#waiting, WAITING_IN) + bytes.length > CHANNEL_WAITING_BYTES_MAX)
      return false;
    Atomics.add(this.#waiting, WAITING_IN, bytes.length);
    // What NATS hands out are parts of Node's buffers, whose `slice` would be no copy.
    const copy = new Uint8Array(bytes);
    const message: IncomingMessage = { kind: "message", node, bytes: copy };
    this.#handle.port.postMessage(message, [copy.buffer]);
    return true;
  }

  /** Messages that the worker could not send since the last call. */
  takeNotSent(): number {
    const notSent = Atomics.load(this.#waiting, NOT_SENT);
    const more = (notSent - this.#notSent) >>> 0;
    this.#notSent = notSent;
    return more;
  }

  close(): void {
    this.#handle.port.close();
  }
}

export class Channel {
  readonly #counters: Surroundings["counters"];
  readonly #sides: readonly OtherSide[];

  constructor(
    handles: readonly NodeChannelHandle[],
    counters: Surroundings["counters"],
    send: SendToNode,
  ) {
    this.#counters = counters;
    this.#sides = handles.map((handle) => {
      const side: OtherSide = new OtherSide(handle, ({ node, lane, bytes }) => {
        if (bytes.length <= CHANNEL_MESSAGE_BYTES_MAX && send(node, lane, bytes)) return;
        add(counters, LOST_OUTBOUND);
        side.lost.add(ALL_NODES);
      });
      return side;
    });
  }

  /** Workers here that serve WebTorrent. */
  get ends(): number {
    return this.#sides.length;
  }

  memberCame({ number, name }: Member): void {
    for (const side of this.#sides) side.tell({ kind: "came", node: number, name });
  }

  memberWent(number: number): void {
    for (const side of this.#sides) {
      side.lost.delete(number);
      side.tell({ kind: "went", node: number });
    }
  }

  /** Messages of this node did not come. */
  lost(node: number): void {
    for (const side of this.#sides) side.lost.add(node);
    this.look();
  }

  /** A message has come, behind all that came before it. */
  deliver(node: number, lane: number, bytes: Uint8Array): void {
    const { length } = this.#sides;
    for (const [index, side] of this.#sides.entries()) {
      if (lane !== ALL_ENDS && lane % length !== index) continue;
      if (side.deliver(node, bytes)) continue;
      add(this.#counters, LOST_CHANNEL);
      side.lost.add(node);
    }
  }

  /** Tells what was lost. Called every so often. */
  look(): void {
    for (const side of this.#sides) {
      add(this.#counters, LOST_CHANNEL, side.takeNotSent());
      for (const node of side.lost) side.tell({ kind: "lost", node });
      side.lost.clear();
    }
  }

  close(): void {
    for (const side of this.#sides) side.close();
  }
}
