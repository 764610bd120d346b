/**
 * What a snapshot costs: bytes a peer, seconds to write and to restore it, memory, and how long announces take meanwhile.
 *
 *   node packages/snapshot/dist/bench/snapshot.bench.js [SCALE [FOLDER]]
 *
 * Scale 1 is 10 million peers in 5 million torrents. A second thread announces all the time to random torrents; its longest
 * calls are often another process that had the core, so the phases "nothing beside" and "cleaning beside" stand next to those
 * of the snapshot. Writing is not slowed down here, as at a stop.
 */
import { closeSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import {
  createSwarmStore,
  readSwarmTotals,
  SwarmCleaning,
  type SwarmStore,
  SwarmWalk,
} from "@swarmtide/swarm";
import { fileSource } from "../file-source.ts";
import { SnapshotReader } from "../reader.ts";
import { COMPRESSIONS, type Compression } from "../records/chunk.ts";
import { hasCompression } from "../records/compression.ts";
import { ReplacedFile } from "../replaced-file.ts";
import { SnapshotRestorer } from "../restorer.ts";
import { SnapshotWriter } from "../writer.ts";
import type { AnnouncerTask } from "./announcer.ts";
import { BUCKETS, fillStore } from "./swarms.ts";

const MIB = 2 ** 20;
const PEER_AGE_SECONDS_MAX = 32_000;
const announcer = new URL(
  import.meta.url.endsWith(".ts") ? "./announcer.ts" : "./announcer.js",
  import.meta.url,
);

interface Phase {
  readonly what: string;
  readonly seconds: number;
  /** Of these, seconds for which the thread that did the work had a core; 0 where the system does not say. */
  readonly cpuSeconds: number;
  readonly announces: number;
  /** 99.9 % and 99.99 % of the announces took no longer, in µs. */
  readonly rare: number;
  readonly veryRare: number;
  readonly longest: number;
}

/** How long one step takes that holds a lock, in µs: half, 99 % and 99.9 % of the steps take no longer. */
interface Holds {
  readonly what: string;
  readonly half: number;
  readonly most: number;
  readonly nearlyAll: number;
}

export interface SnapshotFigures {
  readonly torrents: number;
  readonly peers: number;
  readonly sizes: readonly { compression: Compression; bytes: number }[];
  readonly phases: readonly Phase[];
  readonly restoredPeers: number;
  readonly holds: readonly Holds[];
}

const clock = () => performance.now() / 1000;

/** Seconds for which this thread has had a core (proc(5), schedstat). */
function cpuClock(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "utf8").split(" ")[0]) / 1e9;
  } catch {
    return 0;
  }
}

/** Announces in another thread, phase by phase. */
class Announcing {
  readonly phases: Phase[] = [];
  readonly #phase = new Int32Array(new SharedArrayBuffer(4));
  readonly #counts: Float64Array;
  readonly #longest: Float64Array;
  readonly #worker: Worker;

  constructor(store: SwarmStore, torrents: number, phasesMax: number) {
    const counts = new SharedArrayBuffer(phasesMax * BUCKETS * 8);
    const longest = new SharedArrayBuffer(phasesMax * 8);
    this.#counts = new Float64Array(counts);
    this.#longest = new Float64Array(longest);
    const workerData: AnnouncerTask = {
      ...{ store: store.handle, torrents, counts, longest },
      phase: this.#phase.buffer as SharedArrayBuffer,
    };
    this.#worker = new Worker(announcer, { workerData });
  }

  /** Waits until the thread announces; what it did until then counts as nothing. */
  async warmUp(): Promise<void> {
    while (this.#announces(0) < 100_000) await new Promise((resolve) => setTimeout(resolve, 10));
    this.phases.push(this.#read("warming up", 0, 0, 0));
  }

  /** Measures the announces during some work of this thread. */
  during(what: string, work: () => void): void {
    const at = this.phases.length;
    Atomics.store(this.#phase, 0, at);
    const start = clock();
    const cpuStart = cpuClock();
    work();
    const seconds = clock() - start;
    this.phases.push(this.#read(what, at, seconds, cpuClock() - cpuStart));
  }

  async end(): Promise<readonly Phase[]> {
    const ended = new Promise((resolve) => this.#worker.once("exit", resolve));
    Atomics.store(this.#phase, 0, -1);
    await ended;
    return this.phases.slice(1);
  }

  #announces(at: number): number {
    let sum = 0;
    for (const count of this.#counts.subarray(at * BUCKETS, (at + 1) * BUCKETS)) sum += count;
    return sum;
  }

  #read(what: string, at: number, seconds: number, cpuSeconds: number): Phase {
    const announces = this.#announces(at);
    const slowerThan = (share: number) => {
      let left = announces * share;
      for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
        left -= this.#counts[at * BUCKETS + bucket] ?? 0;
        if (left < 0) return bucket + 1;
      }
      return 0;
    };
    const longest = Math.round(this.#longest[at] ?? 0);
    return {
      what,
      seconds,
      cpuSeconds,
      announces,
      rare: slowerThan(1e-3),
      veryRare: slowerThan(1e-4),
      longest,
    };
  }
}

/** Times every step. */
function timeSteps(what: string, step: () => boolean): Holds {
  const times: number[] = [];
  for (let goesOn = true; goesOn; ) {
    const start = performance.now();
    goesOn = step();
    times.push((performance.now() - start) * 1000);
  }
  const sorted = Float64Array.from(times).sort();
  const at = (share: number) =>
    Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
  return { what, half: at(0.5), most: at(0.99), nearlyAll: at(0.999) };
}

function cleaningOf(store: SwarmStore): SwarmCleaning {
  return new SwarmCleaning(store, { nowSeconds: 0, peerAgeSecondsMax: PEER_AGE_SECONDS_MAX });
}

function writeFile(store: SwarmStore, path: string, compression: Compression): void {
  const file = new ReplacedFile(path);
  const writer = new SnapshotWriter({
    ...{ store, compression, nowSeconds: clock, unixSeconds: Date.now() / 1000 },
    write: (bytes) => file.write(bytes),
  });
  while (writer.step());
  file.replace();
}

function restoreFile(store: SwarmStore, path: string): number {
  const file = openSync(path, "r");
  const reader = new SnapshotReader(fileSource(file));
  const restorer = new SnapshotRestorer({
    ...{ store, reader, nowSeconds: clock, unixSeconds: () => Date.now() / 1000 },
    peerAgeSecondsMax: PEER_AGE_SECONDS_MAX,
    keepCompletedSeconds: 0,
  });
  while (restorer.step());
  closeSync(file);
  if (!reader.isWhole) throw new Error(reader.problems.join("\n"));
  return restorer.taken.peersStored;
}

function openStore(scale: number): SwarmStore {
  const memoryBytesMax = Math.max(64 * MIB, Math.ceil(4096 * scale) * MIB);
  return createSwarmStore({ memoryBytesMax, limits: undefined });
}

/** The whole bench; `scale` 1 is 10 million peers. */
export async function runBench(scale: number, folder: string): Promise<SnapshotFigures> {
  const path = join(folder, `swarmtide-bench-${process.pid}.swarms`);
  const compressions = COMPRESSIONS.filter(hasCompression);
  try {
    const store = openStore(scale);
    const lonely = fillStore(store, scale);
    const { torrents, peersIpv4: peers } = readSwarmTotals(store);
    const cleaning = cleaningOf(store);
    const walk = new SwarmWalk(store, { withPeers: true });
    const holds = [
      timeSteps("a page of cleaning", () => cleaning.step()),
      timeSteps("a page of a snapshot", () => walk.next()),
    ];
    const sizes: { compression: Compression; bytes: number }[] = [];
    const writing = new Announcing(store, lonely, compressions.length + 3);
    await writing.warmUp();
    writing.during("nothing beside", () =>
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000 * scale),
    );
    writing.during("cleaning beside", () => {
      const beside = cleaningOf(store);
      while (beside.step());
    });
    for (const compression of compressions) {
      writing.during(`writing beside, compression ${compression}`, () =>
        writeFile(store, path, compression),
      );
      sizes.push({ compression, bytes: statSync(path).size });
    }
    const whileWriting = await writing.end();
    writeFile(store, path, "none");
    const into = openStore(scale);
    const restoring = new Announcing(into, lonely, 2);
    await restoring.warmUp();
    let restoredPeers = 0;
    restoring.during("restoring beside", () => {
      restoredPeers = restoreFile(into, path);
    });
    return {
      torrents,
      peers,
      sizes,
      restoredPeers,
      holds,
      phases: [...whileWriting, ...(await restoring.end())],
    };
  } finally {
    rmSync(path, { force: true });
  }
}

function print(figures: SnapshotFigures): void {
  console.log(`${figures.peers} peers in ${figures.torrents} torrents`);
  for (const { compression, bytes } of figures.sizes)
    console.log(
      `compression ${compression}: ${bytes} bytes, ${(bytes / figures.peers).toFixed(2)} a peer`,
    );
  console.log(`restored ${figures.restoredPeers} peers`);
  console.table(
    figures.phases.map(({ what, seconds, cpuSeconds, announces, rare, veryRare, longest }) => ({
      what,
      seconds: seconds.toFixed(2),
      "CPU s": cpuSeconds.toFixed(2),
      "announces/s": Math.round(announces / seconds),
      "99.9 %, µs": rare,
      "99.99 %, µs": veryRare,
      "longest, µs": longest,
    })),
  );
  console.table(
    figures.holds.map(({ what, half, most, nearlyAll }) => ({
      "under one lock": what,
      "50 %, µs": half,
      "99 %, µs": most,
      "99.9 %, µs": nearlyAll,
    })),
  );
  console.log(`RSS ${Math.round(process.memoryUsage().rss / MIB)} MiB, both stores together`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  print(await runBench(Number(process.argv[2] ?? 1), process.argv[3] ?? tmpdir()));
