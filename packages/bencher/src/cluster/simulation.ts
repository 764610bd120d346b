/**
 * A cluster of swarmtides in simulated time: how soon the other nodes hear of a peer, and how right their answers are, with
 * losses, partitions and churn. Called by `npm run simulate:cluster`; the same seed gives the same result.
 *
 * A sample of peers is followed one by one: each announces at the interval, moves to another node now and then, and leaves with
 * or without saying so. The other peers are a rate: they fill messages and make the threads busy that apply records. A record is
 * under way for what its message waits to be full, at most 100 ms; for the network; and behind the records that arrived before it.
 * What a node cannot apply waits in the broker, 64 MiB at most, and is lost beyond. A record that is lost is made up for by the
 * peer's next announce, as without any repair: so a partition here is the worst case.
 */
import { type Costs, recordsIn } from "./costs.ts";
import type { Outcome, Scenario, Share } from "./scenario.ts";
import { goneShare, View } from "./view.ts";

const STEP_SECONDS = 0.1;
const MESSAGE_BYTES = 64 * 1024;
const NETWORK_SECONDS = 0.001;
const BROKER_BYTES_MAX = 64 * 2 ** 20;
const LOOK_SECONDS = 5;
/** Over so many the share that is sent on is averaged. */
const LATE_ANNOUNCES = 1000;

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Peer {
  readonly id: number;
  node: number;
  lastSeconds: number;
  readonly leavesSeconds: number;
  readonly saysSo: boolean;
  /** Where in the renewal interval its intervals begin. */
  readonly phaseSeconds: number;
  announces: number;
}

interface Delivery {
  readonly to: number;
  readonly peer: number;
  readonly seconds: number;
  readonly isStop: boolean;
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #costs: Costs;
  readonly #random: () => number;
  readonly #views: View[];
  readonly #one = new View();
  readonly #alive = new Map<number, Peer>();
  /** What is due in each step. */
  readonly #announces: Peer[][];
  readonly #deliveries: Delivery[][];
  readonly #delays: number[] = [];
  readonly #looks: { seconds: number; missing: number; gone: number; goneInOne: number }[] = [];
  /** Of the announces of late. */
  #sentShare: number;
  #backlog = 0;
  #overflowShare = 0;
  #announced = 0;
  #sent = 0;
  #lost = 0;
  #nextId = 0;
  #seconds = 0;

  constructor(costs: Costs, scenario: Scenario) {
    this.#costs = costs;
    this.#scenario = scenario;
    this.#random = randomOf(scenario.seed);
    this.#views = Array.from({ length: scenario.nodes }, () => new View());
    const steps = Math.ceil(scenario.seconds / STEP_SECONDS) + 1;
    this.#announces = Array.from({ length: steps }, () => []);
    this.#deliveries = Array.from({ length: steps }, () => []);
    this.#sentShare = usualSentShare(scenario);
    for (let i = 0; i < scenario.peers; i++) this.#begin(this.#random() * scenario.intervalSeconds);
  }

  run(): Outcome {
    const { seconds } = this.#scenario;
    const looksEvery = Math.round(LOOK_SECONDS / STEP_SECONDS);
    for (let step = 0; step * STEP_SECONDS < seconds; step++) {
      this.#seconds = step * STEP_SECONDS;
      this.#queue();
      for (const peer of this.#announces[step] ?? []) this.#announce(peer);
      for (const { to, peer, seconds: at, isStop } of this.#deliveries[step] ?? [])
        this.#views[to]?.apply(peer, at, isStop);
      this.#announces[step] = [];
      this.#deliveries[step] = [];
      if (step % looksEvery === 0) this.#look();
    }
    return this.#outcome();
  }

  #come(atSeconds: number): Peer {
    const { staySeconds, stoppedShare, nodes, renewalSeconds } = this.#scenario;
    const random = this.#random;
    const peer: Peer = {
      ...{ id: this.#nextId++, node: Math.floor(random() * nodes), announces: 0 },
      lastSeconds: atSeconds,
      leavesSeconds: atSeconds - Math.log(1 - random()) * staySeconds,
      saysSo: random() < stoppedShare,
      phaseSeconds: random() * renewalSeconds,
    };
    this.#due(atSeconds, peer);
    return peer;
  }

  /** A peer that all stores know when the time begins, and that announces next at `atSeconds`. */
  #begin(atSeconds: number): void {
    const id = this.#nextId;
    const peer = this.#come(atSeconds);
    peer.announces = 1;
    peer.lastSeconds = atSeconds - this.#scenario.intervalSeconds;
    for (const view of [...this.#views, this.#one]) view.apply(id, peer.lastSeconds, false);
    this.#alive.set(id, peer);
  }

  #due(atSeconds: number, peer: Peer): void {
    this.#announces[Math.ceil(atSeconds / STEP_SECONDS)]?.push(peer);
  }

  /** One step of the queue in front of a node's threads: what arrives of all peers, and what is applied. */
  #queue(): void {
    const { requestsPerSecond, nodes, threads } = this.#scenario;
    const shape = { nodes, threads, sentShare: this.#sentShare, coresPerNode: 0, parts: 1 };
    const arrives = recordsIn(shape, requestsPerSecond) * STEP_SECONDS;
    const sending = (requestsPerSecond / nodes) * this.#sentShare * this.#costs.sendMicros;
    const free = Math.max(0, threads * 1e6 - sending) * STEP_SECONDS;
    const applies = free / this.#costs.receiveMicros;
    const room = BROKER_BYTES_MAX / this.#costs.recordBytes;
    const waiting = Math.max(0, this.#backlog + arrives - applies);
    this.#overflowShare = waiting > room ? (waiting - room) / arrives : 0;
    this.#backlog = Math.min(room, waiting);
  }

  #announce(peer: Peer): void {
    const { nodes, movedShare, intervalSeconds } = this.#scenario;
    const now = this.#seconds;
    const random = this.#random;
    const leaves = now >= peer.leavesSeconds;
    if (leaves) {
      this.#alive.delete(peer.id);
      // Somebody else comes, so that the crowd stays as large as it is.
      this.#come(now + random() * 10);
      if (!peer.saysSo) return;
    }
    const mayMove = peer.announces > 0 && !leaves && random() < movedShare;
    if (mayMove) peer.node = Math.floor(random() * nodes);
    const isFirst = peer.announces++ === 0;
    this.#announced++;
    if (!leaves) this.#alive.set(peer.id, peer);
    this.#one.apply(peer.id, now, leaves);
    this.#views[peer.node]?.apply(peer.id, now, leaves);
    const isSent = isFirst || leaves || mayMove || this.#isDue(peer, now);
    this.#sentShare += ((isSent ? 1 : 0) - this.#sentShare) / LATE_ANNOUNCES;
    if (isSent) this.#send(peer, now, leaves, isFirst);
    peer.lastSeconds = now;
    if (leaves) return;
    const next = now + intervalSeconds * (0.9 + 0.2 * random());
    this.#due(Math.min(next, Math.max(now + STEP_SECONDS, peer.leavesSeconds)), peer);
  }

  /** As the ring of a worker decides (packages/swarm/src/store/hot/announce-ring.ts). */
  #isDue({ lastSeconds, phaseSeconds }: Peer, now: number): boolean {
    const { renewalSeconds } = this.#scenario;
    if (renewalSeconds === 0) return true;
    const intervalOf = (seconds: number) => Math.floor((seconds + phaseSeconds) / renewalSeconds);
    return intervalOf(now) !== intervalOf(lastSeconds);
  }

  #send(peer: Peer, now: number, isStop: boolean, isFirst: boolean): void {
    const { nodes, requestsPerSecond, lostShare, threads } = this.#scenario;
    const { recordBytes, receiveMicros } = this.#costs;
    const random = this.#random;
    this.#sent++;
    const ofNode = (requestsPerSecond / nodes) * this.#sentShare;
    const fills = Math.min(STEP_SECONDS, MESSAGE_BYTES / recordBytes / ofNode);
    const waits = random() * fills + NETWORK_SECONDS;
    const queued = (this.#backlog * receiveMicros) / 1e6 / threads;
    for (let to = 0; to < nodes; to++) {
      if (to === peer.node) continue;
      if (this.#isCut(peer.node, to) || random() < lostShare || random() < this.#overflowShare) {
        this.#lost++;
        continue;
      }
      const arrives = now + waits + queued;
      this.#deliveries[Math.ceil(arrives / STEP_SECONDS)]?.push({
        to,
        peer: peer.id,
        seconds: now,
        isStop,
      });
      if (isFirst) this.#delays.push(waits + queued);
    }
  }

  #isCut(from: number, to: number): boolean {
    const { partition, nodes } = this.#scenario;
    if (partition === undefined) return false;
    if (this.#seconds < partition.fromSeconds || this.#seconds >= partition.untilSeconds)
      return false;
    return from < nodes / 2 !== to < nodes / 2;
  }

  #look(): void {
    const oldest = this.#seconds - this.#scenario.maxPeerAgeSeconds;
    let missing = 0;
    let gone = 0;
    for (const view of this.#views) {
      view.clean(oldest);
      let has = 0;
      for (const peer of this.#alive.keys()) if (view.has(peer)) has++;
      missing += 1 - has / Math.max(1, this.#alive.size);
      gone += goneShare(view, this.#alive);
    }
    this.#one.clean(oldest);
    const { nodes } = this.#scenario;
    this.#looks.push({
      ...{ seconds: this.#seconds, missing: missing / nodes, gone: gone / nodes },
      goneInOne: goneShare(this.#one, this.#alive),
    });
  }

  #outcome(): Outcome {
    const { intervalSeconds, partition } = this.#scenario;
    // After the first interval the stores have forgotten how they began.
    const looks = this.#looks.filter(({ seconds }) => seconds > intervalSeconds);
    const delays = this.#delays.sort((a, b) => a - b);
    const delayAt = (share: number) =>
      1000 * (delays[Math.floor((delays.length - 1) * share)] ?? 0);
    return {
      sentShare: this.#sent / this.#announced,
      delayMilliseconds: { median: delayAt(0.5), p99: delayAt(0.99) },
      lostRecords: this.#lost,
      missing: shareOf(looks.map(({ missing }) => missing)),
      gone: shareOf(looks.map(({ gone }) => gone)),
      goneInOne: mean(looks.map(({ goneInOne }) => goneInOne)),
      healedSeconds: partition === undefined ? undefined : healed(looks, partition),
    };
  }
}

function healed(
  looks: readonly { seconds: number; missing: number }[],
  { fromSeconds, untilSeconds }: { fromSeconds: number; untilSeconds: number },
): number | undefined {
  const before = looks.filter(({ seconds }) => seconds < fromSeconds);
  const usual = mean(before.map(({ missing }) => missing)) + 0.001;
  const after = looks.find(({ seconds, missing }) => seconds >= untilSeconds && missing <= usual);
  return after === undefined ? undefined : after.seconds - untilSeconds;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const shareOf = (values: readonly number[]): Share => ({
  mean: mean(values),
  most: values.reduce((most, value) => Math.max(most, value), 0),
});

export const simulate = (costs: Costs, scenario: Scenario): Outcome =>
  new Simulation(costs, scenario).run();

/** What the share that is sent on will be about: renewals once in their time, and a peer's coming and going. */
function usualSentShare({ renewalSeconds, intervalSeconds, staySeconds }: Scenario): number {
  if (renewalSeconds === 0) return 1;
  return Math.min(1, intervalSeconds / renewalSeconds + (2 * intervalSeconds) / staySeconds);
}
