/**
 * How long an announce waits while all torrents are exported, beside how long it waits while they are cleaned: one thread
 * announces without a pause, this one does nothing, cleans, counts and exports in turn over the same store.
 *
 *   node packages/statistics/dist/bench/waiting.bench.js [TORRENTS]        10 million by default, 3 GiB of memory
 *
 * Two cores must be free: where a thread loses its core, the longest announce is as long as the scheduler makes it.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { Histogram } from "@swarmtide/metrics";
import { workerModule } from "@swarmtide/runtime";
import { SwarmCleaning, type SwarmStore } from "@swarmtide/swarm";
import { PeersPerTorrentCells } from "../export/peers-per-torrent-cells.ts";
import { TorrentPass } from "../export/torrent-pass.ts";
import type { AnnouncingSetup } from "./announcing-thread.ts";
import { fill } from "./export.bench.ts";

const TORRENTS = 10_000_000;
const QUIET_MILLISECONDS = 5000;
const PHASES = ["nothing", "cleaning", "export", "export with gzip"] as const;
const END = -1;

export interface WaitTiming {
  readonly beside: (typeof PHASES)[number];
  readonly announces: number;
  readonly seconds: number;
  readonly medianMicroseconds: number;
  readonly p999Microseconds: number;
  readonly longestMicroseconds: number;
}

function clean(store: SwarmStore): void {
  const cleaning = new SwarmCleaning(store, {
    nowSeconds: 2,
    peerAgeSecondsMax: 1200,
    keepCompletedSeconds: 0,
  });
  while (cleaning.step());
}

function exportAll(store: SwarmStore, exportPath: string, compression: "none" | "gzip"): void {
  const peersPerTorrent = PeersPerTorrentCells.create().memory;
  const settings = { exportByFamilyPath: undefined, exportEvery: 1, peersPerTorrent };
  new TorrentPass({ ...settings, exportPath, compression }).run(store, () => true);
}

export async function runWaitingBench(
  torrents: number,
  quietMilliseconds: number,
): Promise<WaitTiming[]> {
  const store = fill(torrents);
  const latency = Histogram.create({ rows: PHASES.length });
  const phase = new Int32Array(new SharedArrayBuffer(4));
  const workerData: AnnouncingSetup = {
    store: store.handle,
    latency: latency.handle,
    phase: phase.buffer,
    torrents,
  };
  const worker = new Worker(workerModule(import.meta.url, "announcing-thread"), { workerData });
  const hasEnded = once(worker, "exit");
  await once(worker, "online");
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-waiting-bench-"));
  const path = join(folder, "all");
  const timings: WaitTiming[] = [];
  for (const [row, beside] of PHASES.entries()) {
    Atomics.store(phase, 0, row);
    const start = performance.now();
    if (beside === "nothing") await sleep(quietMilliseconds);
    else if (beside === "cleaning") clean(store);
    else exportAll(store, path, beside === "export" ? "none" : "gzip");
    const seconds = (performance.now() - start) / 1000;
    // A phase of milliseconds may pass before the thread has had the processor.
    while (latency.snapshotOfRow(row).count === 0) await sleep(1);
    const snapshot = latency.snapshotOfRow(row);
    timings.push({
      ...{ beside, seconds, announces: snapshot.count },
      medianMicroseconds: snapshot.percentile(50) / 1000,
      p999Microseconds: snapshot.percentile(99.9) / 1000,
      longestMicroseconds: snapshot.max / 1000,
    });
  }
  Atomics.store(phase, 0, END);
  await hasEnded;
  rmSync(folder, { recursive: true, force: true });
  return timings;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const torrents = Number(process.argv[2] ?? TORRENTS);
  console.log(`${torrents} torrents; an announce takes, in µs:`);
  for (const timing of await runWaitingBench(torrents, QUIET_MILLISECONDS))
    console.log(
      `beside ${timing.beside} (${timing.seconds.toFixed(1)} s, ${timing.announces} announces): ${timing.medianMicroseconds.toFixed(1)} (median), ${timing.p999Microseconds.toFixed(1)} (p99.9), ${timing.longestMicroseconds.toFixed(0)} (longest)`,
    );
}
