/** What a simulation of a cluster is given and what it finds (simulation.ts). */

export interface Scenario {
  readonly nodes: number;
  /** Of the whole cluster. */
  readonly requestsPerSecond: number;
  /** Peers that are followed. */
  readonly peers: number;
  readonly intervalSeconds: number;
  /** A peer's renewals are sent once in this time; 0: all. */
  readonly renewalSeconds: number;
  readonly maxPeerAgeSeconds: number;
  /** How long a peer stays, on average, and how many of those that leave say so. */
  readonly staySeconds: number;
  readonly stoppedShare: number;
  /** Of announces that go to another node than the one before. */
  readonly movedShare: number;
  /** Of records that do not arrive. */
  readonly lostShare: number;
  /** Nodes of the first half hear nothing of the others, and the others nothing of them. */
  readonly partition?: { readonly fromSeconds: number; readonly untilSeconds: number };
  /** Threads that apply records, in each node. */
  readonly threads: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface Outcome {
  /** Of all announces. */
  readonly sentShare: number;
  /** From a peer's first announce until another node has it, of those that arrived. */
  readonly delayMilliseconds: { readonly median: number; readonly p99: number };
  readonly lostRecords: number;
  /** Of the peers that are there, those that a node does not have; and of those that it has, those that are gone. */
  readonly missing: Share;
  readonly gone: Share;
  /** The same of a single store that hears everything. */
  readonly goneInOne: number;
  /** From the end of the partition until not more is missing than before it, and 0.1 % more at most. */
  readonly healedSeconds: number | undefined;
}

export interface Share {
  readonly mean: number;
  readonly most: number;
}
