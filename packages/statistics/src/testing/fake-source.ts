/** A tracker that the test moves by hand, for tests of whatever reads a snapshot. */
import { CounterTable, defineCounters, Histogram } from "@swarmtide/metrics";
import { FakeClock } from "@swarmtide/test-kit";
import type { StatisticsSource, TrackerReading } from "../collect/source.ts";

const EMPTY: TrackerReading = {
  samples: [],
  requests: [],
  responses: [],
  bandwidth: [],
  swarms: [],
  torrentsOfStores: { shared: 0, ws: 0 },
  completedTotal: 0,
  connections: [],
  problems: [],
  budgets: [],
  isBeingFilled: false,
  workers: [],
  latencies: [],
};

export const fakeCounters = defineCounters("fake", { families: true });
export const FAKE_REPLIES = fakeCounters.counter("replies", "Replies, by kind.", {
  kind: "announce",
});
export const FAKE_DROPS = fakeCounters.counter("dropped", "Datagrams dropped.", { reason: "x" });
export const FAKE_BYTES = fakeCounters.counter("sent", "Bytes sent.", {}, "bytes");

export class FakeTracker {
  readonly clock = new FakeClock(1_000_000);
  readonly table = CounterTable.create(fakeCounters, 1);
  readonly latency = Histogram.create({ rows: 1, precisionBits: 4 });
  /** What the next reading says, beside samples. */
  reading: TrackerReading = EMPTY;
  cpuMicroseconds = 0;
  isReady = true;
  source: StatisticsSource = {
    version: "1.2.3",
    startedMilliseconds: this.clock.nowMilliseconds(),
    hostLimitBytes: null,
    read: () => ({
      ...this.reading,
      samples: this.table.samples(),
      latencies: [
        { protocol: "udp", worker: null, microseconds: this.latency.snapshot() },
        { protocol: "udp", worker: "udp-1", microseconds: this.latency.snapshotOfRow(0) },
      ],
    }),
    addresses: () => [],
    isReady: () => this.isReady,
    certificates: () => [],
    lastReload: () => null,
    peersPerTorrent: () => null,
    clients: () => null,
  };

  say(reading: Partial<TrackerReading>): void {
    this.reading = { ...this.reading, ...reading };
  }

  get collectorClock() {
    return {
      nowMilliseconds: this.clock.nowMilliseconds,
      cpuMicroseconds: () => this.cpuMicroseconds,
    };
  }
}
