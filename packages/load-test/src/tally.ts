/** What a load counted: every request, and every message that came, each under one name. Written by one thread. */
import { Histogram, type HistogramRow } from "@swarmtide/metrics";

/** Buckets of 0.8 % of their value. */
const PRECISION_BITS = 7;
const MICROS_PER_SECOND = 1_000_000;

export class Tally {
  /** Kinds of requests, such as "announce". */
  readonly kinds: readonly string[];
  /** Requests sent, and those answered as they should be, by kind. */
  readonly sent: Float64Array;
  readonly answered: Float64Array;
  /** Answers that refuse the request. */
  errors = 0;
  /** Requests without an answer in time. */
  lost = 0;
  /** Answers that came after that. */
  late = 0;
  /** Answers to requests that were answered before. */
  duplicates = 0;
  /** Answers to what nobody asked: wrong transaction ids, or the right one from elsewhere. */
  unknown = 0;
  /** Answers that are not what the protocol says, or not to this kind of request. */
  malformed = 0;
  /** Announce replies with more peers than asked for, or with peers that are not of this load. */
  wrongPeers = 0;
  /** Peers in all announce replies. */
  peers = 0;
  /** Offers and answers of other peers that were delivered (WebTorrent). */
  offers = 0;
  answers = 0;
  /** Requests that the system refused to send. */
  unsent = 0;
  /** TLS handshakes that were made in full, and those that resumed a session. */
  fullHandshakes = 0;
  resumedHandshakes = 0;
  readonly latencies: HistogramRow;
  readonly #histogram: Histogram;

  constructor(kinds: readonly string[]) {
    this.kinds = kinds;
    this.sent = new Float64Array(kinds.length);
    this.answered = new Float64Array(kinds.length);
    this.#histogram = Histogram.create({ rows: 1, precisionBits: PRECISION_BITS });
    this.latencies = this.#histogram.row(0);
  }

  /** Leaves the latencies of the next seconds out of the percentiles. */
  warmUp(seconds: number): void {
    if (seconds > 0) setTimeout(() => this.latencies.clear(), seconds * 1000).unref();
  }

  /** The counts as they stand now, by name. */
  counts() {
    const byKind = (values: Float64Array): Readonly<Record<string, number>> =>
      Object.fromEntries(this.kinds.map((kind, index) => [kind, values[index] ?? 0]));
    const { errors, lost, late, duplicates, unknown, malformed, wrongPeers, unsent, peers } = this;
    const { offers, answers, fullHandshakes, resumedHandshakes } = this;
    return {
      ...{ sent: byKind(this.sent), answered: byKind(this.answered) },
      ...{
        errors,
        lost,
        late,
        duplicates,
        unknown,
        malformed,
        wrongPeers,
        unsent,
        peers,
        offers,
        answers,
        fullHandshakes,
        resumedHandshakes,
      },
    };
  }

  /** Microseconds that this share of the answers did not exceed. */
  latencyMicroseconds() {
    const snapshot = this.#histogram.snapshot();
    return {
      mean: Math.round(snapshot.mean),
      p50: snapshot.percentile(50),
      p90: snapshot.percentile(90),
      p99: snapshot.percentile(99),
      p999: snapshot.percentile(99.9),
      max: snapshot.max,
    };
  }
}

export type Counts = ReturnType<Tally["counts"]>;

/** The monotonic clock of a load. */
export const nowMicroseconds = (): number => (performance.now() * MICROS_PER_SECOND) / 1000;
