/**
 * What an export of all torrents costs, and how long it holds a lock: an announce waits for one step at most, of the export
 * (SwarmWalk) as of cleaning (SwarmCleaning). Both are timed step by step over the same store.
 *
 *   node packages/statistics/dist/bench/export.bench.js [TORRENTS]        10 million by default, 3 GiB of memory
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Histogram } from "@swarmtide/metrics";
import {
  Announce,
  createSwarmStore,
  portInPacketOrder,
  SwarmCleaning,
  type SwarmStore,
  SwarmWalk,
} from "@swarmtide/swarm";
import { PeersPerTorrentCells } from "../export/peers-per-torrent-cells.ts";
import { TorrentPass } from "../export/torrent-pass.ts";
import { writeInfoHash } from "./torrent-hash.ts";

const TORRENTS = 10_000_000;
const NANOSECONDS = 1e6;

export interface ExportTiming {
  readonly kind: string;
  readonly steps: number;
  readonly medianMicroseconds: number;
  readonly p999Microseconds: number;
  readonly p9999Microseconds: number;
}

/** A store of so many torrents with one to three peers each. */
export function fill(torrents: number): SwarmStore {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 33 });
  const infoHash = new Int32Array(5);
  const address = new Int32Array(4);
  const announce = new Announce(infoHash, address, new Uint16Array(0));
  announce.family = 4;
  store.setNow(1);
  for (let torrent = 0; torrent < torrents; torrent++) {
    writeInfoHash(infoHash, torrent);
    for (let peer = 0; peer <= torrent % 3; peer++) {
      address[0] = peer;
      announce.port = portInPacketOrder(1000 + peer);
      store.announce(announce);
    }
  }
  return store;
}

function timeSteps(kind: string, step: () => boolean): ExportTiming {
  const histogram = Histogram.create({ rows: 1 });
  const row = histogram.row(0);
  for (let goesOn = true; goesOn; ) {
    const start = performance.now();
    goesOn = step();
    row.record((performance.now() - start) * NANOSECONDS);
  }
  const snapshot = histogram.snapshot();
  const at = (percent: number) => snapshot.percentile(percent) / 1000;
  return {
    kind,
    steps: snapshot.count,
    medianMicroseconds: at(50),
    p999Microseconds: at(99.9),
    p9999Microseconds: at(99.99),
  };
}

export function runExportBench(torrents: number): { timings: ExportTiming[]; seconds: number[] } {
  const store = fill(torrents);
  const cleaning = new SwarmCleaning(store, {
    nowSeconds: 2,
    peerAgeSecondsMax: 1200,
    keepCompletedSeconds: 0,
  });
  const walk = new SwarmWalk(store, { withPeers: false });
  const timings = [
    timeSteps("cleaning", () => cleaning.step()),
    timeSteps("export", () => walk.next()),
  ];
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-export-bench-"));
  try {
    const timed = (exportPath: string | undefined, compression: "none" | "gzip"): number => {
      const peersPerTorrent = PeersPerTorrentCells.create().memory;
      const settings = { exportByFamilyPath: undefined, exportEvery: 1, peersPerTorrent };
      const start = performance.now();
      new TorrentPass({ ...settings, exportPath, compression }).run(store, () => true);
      return (performance.now() - start) / 1000;
    };
    const path = join(folder, "all");
    const seconds = [timed(undefined, "none"), timed(path, "none"), timed(path, "gzip")];
    if (statSync(path).size === 0) throw new Error("nothing was exported");
    return { timings, seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const torrents = Number(process.argv[2] ?? TORRENTS);
  const { timings, seconds } = runExportBench(torrents);
  for (const { kind, steps, medianMicroseconds, p999Microseconds, p9999Microseconds } of timings)
    console.log(
      `${kind}: ${steps} steps, a step holds the lock ${medianMicroseconds.toFixed(1)} µs (median), ${p999Microseconds.toFixed(1)} (p99.9), ${p9999Microseconds.toFixed(1)} (p99.99)`,
    );
  const [counting = 0, plain = 0, gzip = 0] = seconds;
  console.log(
    `${torrents} torrents: counted in ${counting.toFixed(2)} s, exported in ${plain.toFixed(2)} s, with gzip ${gzip.toFixed(2)} s`,
  );
}
