/**
 * What a snapshot costs: bytes a peer, seconds to write and to restore it, memory, and how long announces take meanwhile.
 *
 *   node packages/snapshot/dist/bench/snapshot.bench.js [SCALE [FOLDER]]
 *
 * Scale 1 is 10 million peers in 5 million torrents. A second thread announces all the time to random torrents. Its longest
 * calls are often another process that had the core, so the phases "nothing beside" and "cleaning beside" are as long as one of
 * writing and come in turns with it, ROUNDS times. Writing is not slowed down here, as at a stop.
 */
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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
import { SnapshotRestorer } from "../restorer.ts";
import { writeSnapshotFile } from "../snapshot-file.ts";
import { Announcing, clock, type Phase } from "./announcing.ts";
import { fillStore } from "./swarms.ts";

const MIB = 2 ** 20;
const PEER_AGE_SECONDS_MAX = 32_000;
/** How often each phase is measured. */
const ROUNDS = 3;

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
  /** RSS of the process once the store is filled. */
  readonly storeMiB: number;
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
  writeSnapshotFile(path, {
    ...{ store, compression, nowSeconds: clock, unixSeconds: Date.now() / 1000 },
  });
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

/** Passes of cleaning, one behind the other, for so long. */
function cleanFor(store: SwarmStore, seconds: number): void {
  const end = clock() + seconds;
  for (let cleaning = cleaningOf(store); clock() < end; )
    if (!cleaning.step()) cleaning = cleaningOf(store);
}

/** Announces beside nothing, cleaning and writing in turns, then beside writing with each other compression. */
async function measureWriting(
  store: SwarmStore,
  lonely: number,
  path: string,
  compressions: readonly Compression[],
): Promise<readonly Phase[]> {
  const start = clock();
  writeFile(store, path, "none");
  const seconds = clock() - start;
  const writing = new Announcing(store, lonely, 3 * ROUNDS + compressions.length);
  await writing.warmUp();
  for (let round = 0; round < ROUNDS; round++) {
    writing.during("nothing beside", () =>
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000),
    );
    writing.during("cleaning beside", () => cleanFor(store, seconds));
    writing.during("writing beside", () => writeFile(store, path, "none"));
  }
  for (const compression of compressions)
    writing.during(`writing beside, ${compression}`, () => writeFile(store, path, compression));
  return writing.end();
}

/** Announces beside restoring into an empty store. Returns the phase and the peers that came back. */
async function measureRestoring(
  scale: number,
  lonely: number,
  path: string,
): Promise<{ readonly phases: readonly Phase[]; readonly restoredPeers: number }> {
  const into = openStore(scale);
  const restoring = new Announcing(into, lonely, 1);
  await restoring.warmUp();
  let restoredPeers = 0;
  restoring.during("restoring beside", () => {
    restoredPeers = restoreFile(into, path);
  });
  return { phases: await restoring.end(), restoredPeers };
}

/** The whole bench; `scale` 1 is 10 million peers. */
export async function runBench(scale: number, folder: string): Promise<SnapshotFigures> {
  const path = join(folder, `swarmtide-bench-${process.pid}.swarms`);
  const compressions = COMPRESSIONS.filter(hasCompression);
  try {
    const store = openStore(scale);
    const lonely = fillStore(store, scale);
    const { torrents, peersIpv4: peers } = readSwarmTotals(store);
    const storeMiB = rssMiB();
    const cleaning = cleaningOf(store);
    const walk = new SwarmWalk(store, { withPeers: true });
    const holds = [
      timeSteps("a page of cleaning", () => cleaning.step()),
      timeSteps("a page of a snapshot", () => walk.next()),
    ];
    const others = compressions.filter((compression) => compression !== "none");
    const phases = [...(await measureWriting(store, lonely, path, others))];
    const sizes = compressions.map((compression) => {
      writeFile(store, path, compression);
      return { compression, bytes: statSync(path).size };
    });
    writeFile(store, path, "none");
    let restoredPeers = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const restored = await measureRestoring(scale, lonely, path);
      phases.push(...restored.phases);
      restoredPeers = restored.restoredPeers;
    }
    return { torrents, peers, sizes, restoredPeers, holds, phases, storeMiB };
  } finally {
    rmSync(path, { force: true });
  }
}

function print(figures: SnapshotFigures): void {
  const { peers, torrents, sizes, restoredPeers, storeMiB, phases, holds } = figures;
  console.log(`${peers} peers in ${torrents} torrents, RSS with the filled store ${storeMiB} MiB`);
  for (const { compression, bytes } of sizes)
    console.log(`compression ${compression}: ${bytes} bytes, ${(bytes / peers).toFixed(2)} a peer`);
  console.log(`restored ${restoredPeers} peers`);
  console.table(
    [...new Set(phases.map(({ what }) => what))].map((what) => {
      const rounds = phases.filter((phase) => phase.what === what);
      const all = (key: "longest" | "longestOnCore") => rounds.map((phase) => phase[key]).join(" ");
      const rate = ({ announces, seconds }: Phase) => announces / seconds;
      return {
        what,
        seconds: median(rounds, ({ seconds }) => seconds).toFixed(2),
        "CPU s": median(rounds, ({ cpuSeconds }) => cpuSeconds).toFixed(2),
        "announces/s": Math.round(median(rounds, rate)),
        "99.9 %, µs": median(rounds, ({ rare }) => rare),
        "99.99 %, µs": median(rounds, ({ veryRare }) => veryRare),
        "longest, µs": all("longest"),
        "longest with a core, µs": all("longestOnCore"),
      };
    }),
  );
  console.table(
    holds.map(({ what, half, most, nearlyAll }) => ({
      "under one lock": what,
      "50 %, µs": half,
      "99 %, µs": most,
      "99.9 %, µs": nearlyAll,
    })),
  );
}

function median(phases: readonly Phase[], figure: (phase: Phase) => number): number {
  return phases.map(figure).sort((a, b) => a - b)[Math.floor(phases.length / 2)] ?? 0;
}

const rssMiB = (): number => Math.round(process.memoryUsage().rss / MIB);

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  print(await runBench(Number(process.argv[2] ?? 1), process.argv[3] ?? tmpdir()));
