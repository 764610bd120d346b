/** Many connections that are kept and mostly wait: are all of them there after a while, and what does each cost? */
import { readFileSync } from "node:fs";
import { column, fixed, mebibytes, ratio, whole } from "./figures.ts";
import { assertOpenFiles } from "./open-files.ts";
import type { Bars, Column, Round } from "./protocol.ts";

export interface CrowdRound extends Round {
  /** Open at the end. */
  readonly connections: number;
  /** Ended or refused though the clients did not want it. */
  readonly lost: number;
}

/** Throws with the remedy where this process may not hand on enough open files. */
export const assertCrowd = (connections: number): void =>
  assertOpenFiles(connections, readFileSync("/proc/self/limits", "latin1"));

/** What one connection added to the server's memory. */
export const bytesPerConnection = (round: CrowdRound): number =>
  (round.residentAfterBytes - round.residentBeforeBytes) / round.connections;

const kibibytesEach = (round: CrowdRound): number => bytesPerConnection(round) / 1024;

export const connectionsColumn: Column<CrowdRound> = column(
  "connections",
  (round) => round.connections,
  whole,
);
export const lostColumn: Column<CrowdRound> = column("lost", (round) => round.lost, whole);

/** Memory per connection beside a rival's, and of the whole process. */
export const memoryColumns = (rival: string, digits: number): readonly Column<CrowdRound>[] => [
  column("KiB each", kibibytesEach, fixed(digits)),
  ratio("× aquatic", bytesPerConnection, rival),
  column("RSS before MiB", (round) => round.residentBeforeBytes, mebibytes),
  column("after", (round) => round.residentAfterBytes, mebibytes),
];

/** Never below zero: a process may give back more of its start than its connections take. */
export const memoryBars = (title: Bars<CrowdRound>["title"], digits: number): Bars<CrowdRound> => ({
  title,
  value: (round) => Math.max(0, kibibytesEach(round)),
  text: (value) => `${value.toFixed(digits)} KiB`,
});
