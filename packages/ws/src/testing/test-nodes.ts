/**
 * Several trackers as nodes of a cluster, for tests: what they tell each other travels when told, over a bus that keeps the order of
 * each sender, as NATS does, and can be cut.
 */
import { ALL_ENDS, ALL_NODES } from "@swarmtide/runtime";
import type { WsConfig } from "../config.ts";
import { elementAt } from "./element-at.ts";
import { TestTrackers } from "./harness.ts";

interface Message {
  readonly from: number;
  /** ALL_NODES, or the number of a node. */
  readonly to: number;
  readonly lane: number;
  readonly bytes: Uint8Array;
}

export interface TestNodesOptions {
  /** Workers of each node. */
  readonly workers: readonly number[];
  readonly config?: Partial<WsConfig>;
  readonly memoryBytes?: number;
}

export class TestNodes {
  /** By their place in `workers`. */
  readonly nodes: TestTrackers[] = [];
  /** The number of the process of each node, new with each restart; 0 where it has gone. */
  readonly numbers: number[] = [];
  /** Every message that was sent. */
  readonly sent: Message[] = [];
  /** Whether what nodes send is refused. */
  isFull = false;
  /** Whether messages are lost on their way. */
  isCut = false;
  readonly #options: TestNodesOptions;
  #travelling: Message[] = [];
  #lastNumber = 0;

  constructor(options: TestNodesOptions) {
    this.#options = options;
    for (let node = 0; node < options.workers.length; node++) this.start(node);
  }

  /** Starts a node, in the place of its former process if there is one: all hear of it. */
  start(node: number): void {
    if ((this.numbers[node] ?? 0) !== 0) this.end(node);
    this.#lastNumber++;
    const number = this.#lastNumber;
    const { config, memoryBytes, workers } = this.#options;
    const trackers = new TestTrackers(
      elementAt(workers, node),
      config,
      number,
      undefined,
      undefined,
      memoryBytes,
      (_worker, to, lane, bytes) => this.#send({ from: number, to, lane, bytes: bytes.slice() }),
    );
    trackers.nowMilliseconds = this.nodes[0]?.nowMilliseconds ?? trackers.nowMilliseconds;
    this.nodes[node] = trackers;
    this.numbers[node] = number;
    for (const [other, otherNumber] of this.numbers.entries()) {
      if (other === node || otherNumber === 0) continue;
      this.#tell(other, (remote) => remote.nodeCame(number));
      this.#tell(node, (remote) => remote.nodeCame(otherNumber));
    }
  }

  /** A node has gone, and all hear of it. */
  end(node: number): void {
    const number = elementAt(this.numbers, node);
    this.numbers[node] = 0;
    for (const [other, otherNumber] of this.numbers.entries())
      if (otherNumber !== 0) this.#tell(other, (remote) => remote.nodeWent(number));
  }

  #tell(
    node: number,
    what: (remote: NonNullable<TestTrackers["trackers"][number]["remotePeers"]>) => void,
  ): void {
    for (const { remotePeers } of elementAt(this.nodes, node).trackers)
      if (remotePeers !== undefined) what(remotePeers);
  }

  #send(message: Message): boolean {
    if (this.isFull) return false;
    this.sent.push(message);
    this.#travelling.push(message);
    return true;
  }

  /** Hands a message to those that it is for, as if the node had sent it. */
  deliver({ from, to, lane, bytes }: Message): void {
    for (const [node, number] of this.numbers.entries()) {
      if (number === 0 || number === from || (to !== ALL_NODES && to !== number)) continue;
      const { trackers } = elementAt(this.nodes, node);
      for (const [worker, tracker] of trackers.entries())
        if (lane === ALL_ENDS || lane % trackers.length === worker)
          tracker.remotePeers?.take(from, bytes.slice());
    }
  }

  /** Lets everything travel until nothing is left to be said. */
  settle(): void {
    do {
      const travelling = this.#travelling;
      this.#travelling = [];
      if (!this.isCut) for (const message of travelling) this.deliver(message);
      for (const [node, trackers] of this.nodes.entries()) {
        if (this.numbers[node] === 0) continue;
        trackers.settle();
        for (const { remotePeers } of trackers.trackers) remotePeers?.flush();
      }
    } while (this.#travelling.length > 0);
  }

  /** Lets time pass, with a tick each second. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      for (const trackers of this.nodes) trackers.pass(1);
      this.settle();
    }
  }
}
