/**
 * Cost of one announce against the number of torrents and against the size of one swarm, with the longest single call.
 *
 *   node packages/swarm/dist/store/bench/announce.bench.js [--smoke]
 *
 * Prints a table and a checksum of the work. The smoke sizes run as a test. "stay" announces again for peers that are
 * stored (what a tracker mostly sees), "come" fills the store; both draw torrents and peers at random.
 */

import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RandomSource } from "@swarmtide/test-kit";
import { Announce } from "../../announce/hot/announce.ts";
import { ANNOUNCE_SEEDER } from "../../announce/hot/role.ts";
import { SwarmCleaning } from "../cleaning.ts";
import type { SwarmStore } from "../hot/swarm-store.ts";
import { createSwarmStore, readSwarmTotals } from "../open-store.ts";

export interface Row {
  readonly what: string;
  readonly peers: number;
  readonly comeNanoseconds: number;
  readonly stayNanoseconds: number;
  readonly comePauses: Pauses;
  readonly stayPauses: Pauses;
  readonly cleaningPauseMicroseconds: number;
  readonly bytesPerPeer: number;
  readonly checksum: number;
}

/** How long 16 announces in a row took, in µs. The longest is often another process that had the core. */
interface Pauses {
  readonly usual: number;
  /** One in ten thousand took longer. */
  readonly rare: number;
  readonly longest: number;
}

interface Timing {
  readonly nanosecondsPerCall: number;
  readonly pauses: Pauses;
  readonly written: number;
}

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const PEERS_WANTED = 30;
const reply = new Uint16Array(PEERS_WANTED * 3);
const infoHash = new Int32Array(5);
const address = new Int32Array(1);
const announce = new Announce(infoHash, address, reply);
announce.peersWanted = PEERS_WANTED;

/** Peer i of the bench announces to torrent i modulo the number of torrents. */
function announceTo(store: SwarmStore, torrents: number, peer: number): number {
  const torrent = peer % torrents;
  for (let word = 0; word < 5; word++)
    infoHash[word] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * word) ^ (word << 24);
  address[0] = peer;
  announce.port = peer & 0xffff;
  announce.flags = peer % 4 === 0 ? 0 : ANNOUNCE_SEEDER;
  return store.announce(announce);
}

/** Times all calls together and each 16 of them. */
function time(
  calls: number,
  peerOf: (call: number) => number,
  run: (peer: number) => number,
): Timing {
  let written = 0;
  const durations = new Float64Array(Math.max(1, calls >> 4));
  const started = process.hrtime.bigint();
  let before = performance.now();
  for (let call = 0; call < calls; call++) {
    written += run(peerOf(call));
    if ((call & 15) === 15) {
      const now = performance.now();
      durations[call >> 4] = (now - before) * 1000;
      before = now;
    }
  }
  const nanoseconds = Number(process.hrtime.bigint() - started);
  durations.sort();
  const at = (share: number) => durations[Math.floor((durations.length - 1) * share)] ?? 0;
  const pauses = { usual: at(0.5), rare: at(0.9999), longest: at(1) };
  return { nanosecondsPerCall: nanoseconds / calls, pauses, written };
}

function measure(what: string, torrents: number, peers: number, stays: number): Row {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 36 });
  const empty = readSwarmTotals(store);
  const emptyBytes = empty.usedBytes - empty.freeBytes;
  // The store of the row before is unmapped now, not while this one is timed: that takes up to 20 ms.
  collectGarbage();
  const run = (peer: number) => announceTo(store, torrents, peer);
  const come = time(peers, (call) => call, run);
  const taken = readSwarmTotals(store);
  const random = new RandomSource(12_345);
  const atRandom = () => random.below(peers);
  const stay = time(stays, atRandom, run);
  return {
    what,
    peers,
    comeNanoseconds: come.nanosecondsPerCall,
    stayNanoseconds: stay.nanosecondsPerCall,
    comePauses: come.pauses,
    stayPauses: stay.pauses,
    cleaningPauseMicroseconds: longestSlice(store),
    bytesPerPeer: (taken.usedBytes - taken.freeBytes - emptyBytes) / taken.peersIpv4,
    checksum: come.written + stay.written + taken.peersIpv4,
  };
}

/**
 * The pauses of the machine itself: the same measurement over sums that touch no memory. What is longer here than it
 * should be is another process, or the host of a virtual machine, that had the core.
 */
function machinePauses(steps: number): Pauses {
  let sum = 1;
  const idle = time(
    steps,
    (call) => call,
    (call) => {
      for (let i = 0; i < 300; i++) sum = Math.imul(sum ^ call, 0x9e3779b1);
      return sum & 1;
    },
  );
  return idle.pauses;
}

/** The longest slice of a cleaning pass that removes everybody. */
function longestSlice(store: SwarmStore): number {
  const cleaning = new SwarmCleaning(store, { nowSeconds: 10_000, peerAgeSecondsMax: 1200 });
  let pause = 0;
  for (let more = true; more; ) {
    const before = performance.now();
    more = cleaning.step();
    pause = Math.max(pause, performance.now() - before);
  }
  return pause * 1000;
}

/** The whole curve; `scale` 1 is the real one, a smaller one the smoke run. */
export function runBench(scale: number): Row[] {
  const of = (count: number) => Math.max(1, Math.round(count * scale));
  const stays = of(2_000_000);
  measure("warm-up", of(1000), of(100_000), stays);
  const rows = [1e3, 1e4, 1e5, 1e6, 1e7].map((torrents) =>
    measure(`${of(torrents)} torrents, 2 peers each`, of(torrents), of(torrents * 2), stays),
  );
  for (const peers of [1e3, 1e4, 1e5, 1e6])
    rows.push(measure(`1 swarm of ${of(peers)}`, 1, of(peers), stays));
  return rows;
}

function print(rows: readonly Row[], machine: Pauses): void {
  const pauses = ({ usual, rare, longest }: Pauses) =>
    [usual, rare, longest].map((value) => value.toFixed(0)).join(" / ");
  console.log(
    "| what | come ns | 16 in a row, µs: median / 99.99 % / longest | stay ns | 16 in a row | cleaning slice, longest µs | bytes/peer |",
  );
  console.log("|---|---|---|---|---|---|---|");
  for (const row of rows)
    console.log(
      `| ${[
        row.what,
        row.comeNanoseconds.toFixed(0),
        pauses(row.comePauses),
        row.stayNanoseconds.toFixed(0),
        pauses(row.stayPauses),
        row.cleaningPauseMicroseconds.toFixed(0),
        row.bytesPerPeer.toFixed(1),
      ].join(" | ")} |`,
    );
  console.log(`| (the machine: arithmetic only) | | ${pauses(machine)} | | | | |`);
  console.log(`checksum ${rows.reduce((sum, row) => (sum + row.checksum) % 2 ** 32, 0)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const isSmoke = process.argv.includes("--smoke");
  print(runBench(isSmoke ? 0.001 : 1), machinePauses(isSmoke ? 10_000 : 10_000_000));
}
