/**
 * Many WebTorrent connections that mostly wait, as a public tracker has them: are all of them kept, and what does
 * each cost in memory? One run per server.
 */
import { readFileSync } from "node:fs";
import { assertOpenFiles } from "../open-files.ts";
import type { BenchCpus, BenchServer } from "../running-server.ts";
import { runWsTester, withWsServer } from "./processes.ts";
import { ownTesterCommand } from "./testers.ts";

export interface WsCrowd extends BenchCpus {
  readonly connections: number;
  readonly connectsPerSecond: number;
  /** Seconds for which all stay, after the last should have come. */
  readonly holdSeconds: number;
}

export interface WsCrowdResult {
  readonly server: string;
  /** Open at the end. */
  readonly connections: number;
  /** Ended or refused though the clients did not want it. */
  readonly lost: number;
  readonly errors: number;
  readonly residentBeforeBytes: number;
  readonly residentAfterBytes: number;
  /** Server CPU seconds for all handshakes and announces. */
  readonly cpuSeconds: number;
}

/** Seconds between two announces of a connection, on average. */
const PAUSE_SECONDS = 30;
/** Local addresses to connect from: none comes near the limit of 1,024 connections per address, nor runs out of ports. */
const SOURCE_ADDRESSES = 40;

/** What the connections do, for the report. */
export const crowdDescription = (crowd: WsCrowd): string =>
  `${crowd.connections.toLocaleString("en")} connections from ${SOURCE_ADDRESSES} addresses, ${crowd.connectsPerSecond} a second, each in one of as many torrents; an announce with 2 offers of 1,500 characters every ${PAUSE_SECONDS} s; held for ${crowd.holdSeconds} s.`;

export async function runWsCrowd(server: BenchServer, crowd: WsCrowd): Promise<WsCrowdResult> {
  assertOpenFiles(crowd.connections, readFileSync("/proc/self/limits", "latin1"));
  return withWsServer(server, crowd.serverCpu, async (running) => {
    const command = ownTesterCommand(running.port, {
      connections: crowd.connections,
      "connects-per-second": crowd.connectsPerSecond,
      "source-addresses": SOURCE_ADDRESSES,
      torrents: crowd.connections,
      "torrents-per-connection": 1,
      offers: 2,
      pause: PAUSE_SECONDS,
      duration: Math.ceil(crowd.connections / crowd.connectsPerSecond) + crowd.holdSeconds,
    });
    const { samples, intervals } = await runWsTester(running, crowd.loadCpu, command);
    const end = samples.at(-1);
    const last = intervals.at(-1);
    if (!end || !last) throw new Error(`The load on ${server.name} ended before its first report`);
    return {
      server: server.name,
      connections: last.connections,
      lost: last.lost,
      errors: Math.max(...intervals.map((interval) => interval.errors)),
      residentBeforeBytes: running.residentBytes,
      residentAfterBytes: end.memory.residentBytes,
      cpuSeconds: end.userSeconds + end.systemSeconds,
    };
  });
}

/** What one connection added to the server's memory. */
export const bytesPerConnection = (result: WsCrowdResult): number =>
  (result.residentAfterBytes - result.residentBeforeBytes) / result.connections;
