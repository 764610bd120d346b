/**
 * Cost of one announce against the number of torrents and against the size of one swarm, with the longest single call.
 *
 *   node packages/swarm/dist/bench/announce.bench.js [--smoke]
 *
 * Prints a table and a checksum of the work. The smoke sizes run as a test. "stay" announces again for peers that are
 * stored (what a tracker mostly sees), "come" fills the store; both draw torrents and peers at random.
 */
import { pathToFileURL } from "node:url";
import { SwarmCleaning } from "../cleaning.ts";
import { ANNOUNCE_SEEDER, SwarmStore } from "../swarm-store.ts";

export interface Row {
  readonly what: string;
  readonly peers: number;
  readonly comeNanoseconds: number;
  readonly stayNanoseconds: number;
  readonly comePauseMicroseconds: number;
  readonly stayPauseMicroseconds: number;
  readonly cleaningPauseMicroseconds: number;
  readonly bytesPerPeer: number;
  readonly checksum: number;
}

interface Timing {
  readonly nanosecondsPerCall: number;
  readonly pauseMicroseconds: number;
  readonly written: number;
}

const PEERS_WANTED = 30;
const reply = new Uint16Array(PEERS_WANTED * 3);
const infoHash = new Int32Array(5);
const address = new Int32Array(1);

/** Peer i of the bench announces to torrent i modulo the number of torrents. */
function announce(store: SwarmStore, torrents: number, peer: number): number {
  const torrent = peer % torrents;
  for (let word = 0; word < 5; word++)
    infoHash[word] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * word) ^ (word << 24);
  address[0] = peer;
  const flags = peer % 4 === 0 ? 0 : ANNOUNCE_SEEDER;
  return store.announce(infoHash, 0, address, 0, 4, peer & 0xffff, flags, PEERS_WANTED, reply, 0);
}

/** Times calls one batch at a time, and alone every call of a second pass, so that the clock does not count. */
function time(
  calls: number,
  peerOf: (call: number) => number,
  run: (peer: number) => number,
): Timing {
  let written = 0;
  let pause = 0;
  const started = process.hrtime.bigint();
  let before = performance.now();
  for (let call = 0; call < calls; call++) {
    written += run(peerOf(call));
    if ((call & 15) === 15) {
      const now = performance.now();
      if (now - before > pause) pause = now - before;
      before = now;
    }
  }
  const nanoseconds = Number(process.hrtime.bigint() - started);
  return { nanosecondsPerCall: nanoseconds / calls, pauseMicroseconds: pause * 1000, written };
}

function measure(what: string, torrents: number, peers: number, stays: number): Row {
  const store = SwarmStore.create({ memoryBytesMax: 2 ** 36 });
  const emptyBytes = store.totals().usedBytes;
  const run = (peer: number) => announce(store, torrents, peer);
  const come = time(peers, (call) => call, run);
  const taken = store.totals();
  let state = 12345;
  const atRandom = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % peers;
  };
  const stay = time(stays, atRandom, run);
  return {
    what,
    peers,
    comeNanoseconds: come.nanosecondsPerCall,
    stayNanoseconds: stay.nanosecondsPerCall,
    comePauseMicroseconds: come.pauseMicroseconds,
    stayPauseMicroseconds: stay.pauseMicroseconds,
    cleaningPauseMicroseconds: longestSlice(store),
    bytesPerPeer: (taken.usedBytes - taken.freeBytes - emptyBytes) / taken.peersIpv4,
    checksum: come.written + stay.written + taken.peersIpv4,
  };
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

function print(rows: readonly Row[]): void {
  console.log(
    "| what | come ns | longest of 16 µs | stay ns | longest of 16 µs | cleaning slice µs | bytes/peer |",
  );
  console.log("|---|---|---|---|---|---|---|");
  for (const row of rows) {
    const cells = [
      row.comeNanoseconds,
      row.comePauseMicroseconds,
      row.stayNanoseconds,
      row.stayPauseMicroseconds,
      row.cleaningPauseMicroseconds,
    ].map((value) => value.toFixed(0));
    console.log(`| ${row.what} | ${cells.join(" | ")} | ${row.bytesPerPeer.toFixed(1)} |`);
  }
  console.log(`checksum ${rows.reduce((sum, row) => (sum + row.checksum) % 2 ** 32, 0)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  print(runBench(process.argv.includes("--smoke") ? 0.001 : 1));
