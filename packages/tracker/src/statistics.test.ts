import assert from "node:assert/strict";
import { test } from "node:test";
import { add, type Column, CounterTable, CounterTables } from "@swarmtide/metrics";
import { StatisticsCollector } from "@swarmtide/statistics";
import { ANNOUNCE_SEEDER, Announce, createSwarmStore } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { udpColumns } from "@swarmtide/udp";
import { trackerSchema } from "./config.ts";
import { TrackerSource } from "./statistics/tracker-source.ts";
import { formatFinalStatisticsLine, readStatistics } from "./statistics.ts";

/** The column of a parse outcome. */
function requests(outcome: string): Column<"udp"> {
  const column = udpColumns.REQUESTS_BY_STATUS.find(
    (candidate) => udpColumns.udpCounters.metrics[candidate]?.labels.outcome === outcome,
  );
  return column ?? assert.fail(`no outcome is called ${outcome}`);
}

test("requests are those that deserve an answer, summed over workers and apart by family", () => {
  const counters = CounterTable.create(udpColumns.udpCounters, 2);
  const count = (worker: number, family: 4 | 6, column: Column<"udp">, by: number) => {
    add(counters.row(worker, family), column, by);
  };
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const source = new TrackerSource({
    ...{ version: "0", config: defaultConfig(trackerSchema), store, reports: [] },
    counters: new CounterTables([counters]),
    addresses: () => [],
    isJoining: () => false,
    isFilling: () => false,
  });
  const collector = new StatisticsCollector(source);
  const before = readStatistics(collector.latest.stats);
  count(0, 4, requests("connect"), 3);
  count(1, 4, requests("announce"), 4);
  count(1, 4, requests("error_port_zero"), 1);
  count(1, 4, requests("drop_short"), 100);
  count(0, 4, udpColumns.CONNECTS, 3);
  count(1, 4, udpColumns.ANNOUNCES, 4);
  count(1, 6, requests("scrape"), 20);
  count(1, 6, udpColumns.SCRAPES, 10);
  count(0, 6, udpColumns.ERRORS, 10);
  const seeder = new Announce(new Int32Array(5), Int32Array.of(1, 2, 3, 4), new Uint16Array(0));
  seeder.family = 6;
  seeder.port = 80;
  seeder.flags = ANNOUNCE_SEEDER;
  store.announce(seeder);
  const after = readStatistics(collector.collect().stats);
  const { all: _before, ...none } = before;
  const { all: _after, ...counted } = after;
  const nothing = { requests: 0, connect: 0, announce: 0, scrape: 0, error: 0 };
  assert.deepEqual(none.ipv4, { ...nothing, peers: 0, seeders: 0 });
  assert.equal(counted.torrents, 1);
  assert.deepEqual(counted.ipv4, {
    ...nothing,
    ...{ requests: 8, connect: 3, announce: 4, peers: 0, seeders: 0 },
  });
  assert.deepEqual(counted.ipv6, {
    ...nothing,
    ...{ requests: 20, scrape: 10, error: 10, peers: 1, seeders: 1 },
  });
  assert.equal(
    formatFinalStatisticsLine(after, 61),
    "statistics of 61 seconds torrents=1 " +
      "ipv4: requests=8 connect=3 announce=4 scrape=0 error=0 peers=0 seeders=0 " +
      "ipv6: requests=20 connect=0 announce=0 scrape=10 error=10 peers=1 seeders=1",
  );
});
