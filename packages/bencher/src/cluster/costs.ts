/**
 * What several nodes that share one swarm cost, and what they carry together: arithmetic over measured figures. Used by the
 * simulation and its tables (`npm run simulate:cluster`). Pure.
 */

/** Microseconds of processor time, each measured; docs/benchmarks/cluster.md says how. */
export interface Costs {
  /** Serving one announce over UDP, kernel included. */
  readonly announceMicros: number;
  /** Writing a record into the ring, reading it there, encoding and publishing it. */
  readonly sendMicros: number;
  /** In the broker, for a record that arrives and for each node that it goes on to. */
  readonly brokerInMicros: number;
  readonly brokerOutMicros: number;
  /** Receiving, decoding and applying a record of another node. */
  readonly receiveMicros: number;
  /** Of an IPv4 record in a message. */
  readonly recordBytes: number;
}

export const MEASURED: Costs = {
  announceMicros: 4.8,
  sendMicros: 0.3,
  brokerInMicros: 0.07,
  brokerOutMicros: 0.06,
  receiveMicros: 0.65,
  recordBytes: 28,
};

export interface Shape {
  readonly nodes: number;
  readonly coresPerNode: number;
  /** Threads of a node that send and apply records, each on a core. */
  readonly threads: number;
  /** The part of all announces that is sent on: 1 unless renewals are thinned. */
  readonly sentShare: number;
  /** Of how many parts of all info hashes a node holds one; 1 where every node holds everything. */
  readonly parts: number;
}

/** Cores of one node at so many announces a second of the whole cluster. */
export function coresPerNode(costs: Costs, shape: Shape, requestsPerSecond: number): number {
  const own = requestsPerSecond / shape.nodes;
  return (own * costs.announceMicros) / 1e6 + threadLoad(costs, shape, requestsPerSecond);
}

/** Cores that sending and applying records takes; a node keeps up while its threads have as many. */
export function threadLoad(costs: Costs, shape: Shape, requestsPerSecond: number): number {
  const sent = (requestsPerSecond / shape.nodes) * shape.sentShare;
  const received = recordsIn(shape, requestsPerSecond);
  return (sent * costs.sendMicros + received * costs.receiveMicros) / 1e6;
}

/** Records a second that arrive at a node. With parts, `nodes / parts` nodes hold each of them. */
export function recordsIn({ nodes, sentShare, parts }: Shape, requestsPerSecond: number): number {
  const holders = nodes / parts;
  return (sentShare * requestsPerSecond * (holders - 1)) / holders / parts;
}

/** Cores of all brokers together. */
export function brokerCores(costs: Costs, shape: Shape, requestsPerSecond: number): number {
  const sent = shape.sentShare * requestsPerSecond;
  const copies = shape.nodes / shape.parts - 1;
  return (sent * (costs.brokerInMicros + copies * costs.brokerOutMicros)) / 1e6;
}

export const bytesIn = (costs: Costs, shape: Shape, requestsPerSecond: number): number =>
  recordsIn(shape, requestsPerSecond) * costs.recordBytes;

/** The most announces a second that the cluster carries, and whether the cores of a node or its threads are the limit. */
export function carried(costs: Costs, shape: Shape): { rate: number; limit: "cores" | "thread" } {
  const byCores = shape.coresPerNode / coresPerNode(costs, shape, 1);
  const load = threadLoad(costs, shape, 1);
  const byThreads = load === 0 ? Number.POSITIVE_INFINITY : shape.threads / load;
  return byCores <= byThreads
    ? { rate: byCores, limit: "cores" }
    : { rate: byThreads, limit: "thread" };
}
