/**
 * Messages from a worker to other nodes of a cluster and back: what travels between the worker and the thread that is connected
 * to the cluster. The main thread makes the pairs; the worker has a `NodeChannelEnd`, the other thread the handle at its other side.
 *
 *     const { ends, others } = makeNodeChannels(2);
 *     const end = new NodeChannelEnd(ends[0], receiver);      // in the worker
 *     end.send(ALL_NODES, ALL_ENDS, bytes);
 *
 * Both directions are bounded by bytes that wait, counted in memory that both threads share; what is beyond is dropped.
 *
 * | word of `waiting` | written by   | meaning                                                   |
 * |------------------:|--------------|-----------------------------------------------------------|
 * |                 0 | both         | bytes sent by the worker that the other has not taken     |
 * |                 1 | both         | bytes sent to the worker that it has not taken            |
 * |                 2 | the worker   | messages that it could not send                           |
 *
 * Example: `00 10 00 00 00 00 00 00 01 00 00 00` on a little-endian machine says that 4096 bytes wait to be sent and one message
 * was dropped.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";

/** To every node. */
export const ALL_NODES = 0;
/** As the lane: to every end of the node. */
export const ALL_ENDS = 0xffff;
/** One message, at most; half of what a NATS server takes unless told otherwise. */
export const CHANNEL_MESSAGE_BYTES_MAX: number = 2 ** 18;
/** What may wait in each direction of one end. */
export const CHANNEL_WAITING_BYTES_MAX: number = 2 ** 23;

export const WAITING_OUT = 0;
export const WAITING_IN = 1;
export const NOT_SENT = 2;
const WAITING_WORDS = 3;

/** One side of a pair; the port is transferred to its thread. */
export interface NodeChannelHandle {
  readonly port: MessagePort;
  readonly waiting: SharedArrayBuffer;
}

export interface NodeChannels {
  /** For the workers, in their order. */
  readonly ends: readonly NodeChannelHandle[];
  /** For the thread that is connected. */
  readonly others: readonly NodeChannelHandle[];
}

/** From a worker to other nodes. */
export interface OutgoingMessage {
  /** ALL_NODES, or the number of a node. */
  readonly node: number;
  readonly lane: number;
  /** Its own memory. */
  readonly bytes: Uint8Array;
}

/** From the other thread to a worker. */
export type IncomingMessage =
  | { readonly kind: "message"; readonly node: number; readonly bytes: Uint8Array }
  | { readonly kind: "came"; readonly node: number; readonly name: string }
  | { readonly kind: "went"; readonly node: number }
  | { readonly kind: "lost"; readonly node: number };

/** What a worker does with messages that arrive. */
export interface NodeChannelReceiver {
  /** In order for each node; `bytes` are the receiver's own. They come from a network. */
  message(node: number, bytes: Uint8Array): void;
  /** `node` is from 1 and never used again in this process. */
  nodeCame(node: number, name: string): void;
  /** All that is known of it is void. */
  nodeWent(node: number): void;
  /** Messages of this node were lost; of ALL_NODES: messages to others were. Each side says again what the other has to know. */
  lost(node: number): void;
}

export function makeNodeChannels(count: number): NodeChannels {
  const ends: NodeChannelHandle[] = [];
  const others: NodeChannelHandle[] = [];
  for (let i = 0; i < count; i++) {
    const { port1, port2 } = new MessageChannel();
    const waiting = new SharedArrayBuffer(WAITING_WORDS * Int32Array.BYTES_PER_ELEMENT);
    ends.push({ port: port1, waiting });
    others.push({ port: port2, waiting });
  }
  return { ends, others };
}

/** The side of a worker with an event loop. */
export class NodeChannelEnd {
  readonly #port: MessagePort;
  readonly #waiting: Int32Array;
  readonly #receiver: NodeChannelReceiver;
  readonly #nodes = new Map<number, string>();

  constructor({ port, waiting }: NodeChannelHandle, receiver: NodeChannelReceiver) {
    this.#port = port;
    this.#waiting = new Int32Array(waiting);
    this.#receiver = receiver;
    port.on("message", (message: IncomingMessage) => this.#take(message));
  }

  /** The names of the nodes that are there, by number. */
  get nodes(): ReadonlyMap<number, string> {
    return this.#nodes;
  }

  /** Bytes that wait to be sent. */
  get waitingBytes(): number {
    return Atomics.load(this.#waiting, WAITING_OUT);
  }

  /** Sends a copy. False, and counted, where too much waits, the message is too long or the node has gone. */
  send(node: number, lane: number, bytes: Uint8Array): boolean {
    const isKnown = node === ALL_NODES || this.#nodes.has(node);
    const { length } = bytes;
    const hasRoom =
      length <= CHANNEL_MESSAGE_BYTES_MAX &&
      this.waitingBytes + length <= CHANNEL_WAITING_BYTES_MAX;
    if (!isKnown || !hasRoom) {
      Atomics.add(this.#waiting, NOT_SENT, 1);
      return false;
    }
    Atomics.add(this.#waiting, WAITING_OUT, length);
    const copy = new Uint8Array(bytes);
    this.#port.postMessage({ node, lane, bytes: copy } satisfies OutgoingMessage, [copy.buffer]);
    return true;
  }

  close(): void {
    this.#port.close();
  }

  #take(message: IncomingMessage): void {
    const { node } = message;
    switch (message.kind) {
      case "message":
        Atomics.sub(this.#waiting, WAITING_IN, message.bytes.length);
        this.#receiver.message(node, message.bytes);
        break;
      case "came":
        this.#nodes.set(node, message.name);
        this.#receiver.nodeCame(node, message.name);
        break;
      case "went":
        this.#nodes.delete(node);
        this.#receiver.nodeWent(node);
        break;
      case "lost":
        this.#receiver.lost(node);
    }
  }
}
