/**
 * What a membership takes: how much the resident memory grows per peer for a million of them, alone in their torrents and in
 * torrents of a hundred, all included; and how long an announce takes that enters one.
 *
 * `npm run bench:members` prints a line for each case, each run in a process of its own; the tests run a smoke.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { CounterTable } from "@swarmtide/metrics";
import { defaultConfig } from "@swarmtide/toml-config";
import { OPCODE_TEXT, writeMaskedFrameHeader } from "@swarmtide/ws-protocol";
import { wsSection } from "../config.ts";
import { wsCounters } from "../counters.ts";
import type { Connection } from "../hot/connection.ts";
import { WebTorrentTracker } from "../hot/tracker.ts";
import { elementAt } from "../testing/element-at.ts";

/** What a run has shown. */
export interface MembersReport {
  readonly peers: number;
  readonly bytesPerPeer: number;
  readonly heapBytesPerPeer: number;
  readonly nanosecondsPerAnnounce: number;
}

const MEMORY_MIB = 512;
const HEX = "0123456789abcdef";

/** Where the digits of the torrent and of the peer stand in the message. */
const MESSAGE =
  '{"action":"announce","info_hash":"TTTTTTTTtttttttttttt","peer_id":"-XX0001-PPPPPPPPpppp","left":1}';

/** Resident bytes that belong to this process alone; of the heap where the system does not tell. */
function residentBytes(): number {
  try {
    const kib = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return Number(kib) * 1024;
  } catch {
    return process.memoryUsage().rss;
  }
}

function writeHex(bytes: Uint8Array, at: number, value: number): void {
  for (let digit = 0; digit < 8; digit++)
    bytes[at + digit] = HEX.charCodeAt((value >>> (28 - 4 * digit)) & 15);
}

/** Each connection is in `torrentsEach` torrents, each torrent has `peersEach` peers. */
export function benchMembers(
  peers: number,
  peersEach: number,
  torrentsEach: number,
): MembersReport {
  const tracker = new WebTorrentTracker({
    worker: 0,
    workers: 1,
    config: { ...defaultConfig(wsSection), maxMessagesPerSecond: 0, maxMemory: MEMORY_MIB },
    ownerSecret: 1,
    seed: Int32Array.of(1, 2, 3, 4),
    counters: CounterTable.create(wsCounters, 1).row(0),
    clockMilliseconds: () => performance.now(),
    sendBatch: () => undefined,
  });
  const connections: Connection[] = [];
  for (let index = 0; index < Math.ceil(peers / torrentsEach); index++) {
    const connection = tracker.open({
      write: () => tracker.written(connection),
      close: () => undefined,
    });
    connections.push(connection);
  }
  // The mask is zero, so that the digits can be written into the frame.
  const frame = new Uint8Array(MESSAGE.length + 14);
  const textAt = writeMaskedFrameHeader(frame, 0, OPCODE_TEXT, MESSAGE.length, 0);
  frame.set(new TextEncoder().encode(MESSAGE), textAt);
  const torrentAt = textAt + MESSAGE.indexOf("TTT");
  const peerAt = textAt + MESSAGE.indexOf("PPP");
  const collect = (globalThis as { gc?: () => void }).gc;
  const announce = (connection: number, torrent: number) => {
    writeHex(frame, torrentAt, torrent);
    writeHex(frame, peerAt, connection);
    tracker.receive(elementAt(connections, connection), frame, 0, textAt + MESSAGE.length);
    tracker.flush();
  };
  // The code is compiled and garbage has its place before anything is measured.
  for (let round = 0; round < 200_000; round++) announce(0, 0);
  const warmed = tracker.swarms.peers.table.length;
  collect?.();
  const [before, heapBefore] = [residentBytes(), process.memoryUsage().heapUsed];
  // Processor time, so that a busy machine blurs it less than the clock on the wall.
  const start = process.cpuUsage();
  const torrents = Math.ceil(peers / peersEach);
  for (let peer = 0; peer < peers; peer++)
    announce(Math.floor(peer / torrentsEach), 1 + (peer % torrents));
  const { user, system } = process.cpuUsage(start);
  collect?.();
  const entered = tracker.swarms.peers.table.length - warmed;
  return {
    peers: entered,
    bytesPerPeer: (residentBytes() - before) / entered,
    heapBytesPerPeer: (process.memoryUsage().heapUsed - heapBefore) / entered,
    nanosecondsPerAnnounce: ((user + system) * 1000) / peers,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [peers, peersEach, torrentsEach] = process.argv.slice(2).map(Number);
  if (peers !== undefined && peersEach !== undefined && torrentsEach !== undefined) {
    const report = benchMembers(peers, peersEach, torrentsEach);
    console.log(
      `${report.peers} memberships, ${peersEach} a torrent, ${torrentsEach} a connection: ` +
        `${report.bytesPerPeer.toFixed(1)} bytes each (heap ${report.heapBytesPerPeer.toFixed(1)}), ` +
        `${report.nanosecondsPerAnnounce.toFixed(0)} ns an announce`,
    );
  } else {
    const script = fileURLToPath(import.meta.url);
    for (const each of ["1", "2", "10", "100", "1000"])
      spawnSync(process.execPath, ["--expose-gc", script, "1000000", each, "1000"], {
        stdio: "inherit",
      });
  }
}
