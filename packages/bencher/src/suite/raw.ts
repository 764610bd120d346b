/**
 * The figures of `npm run bench` as JSON: runs are appended as they come, over hours if need be, and the page is made from
 * all of them. One file holds runs of one machine.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { LoadFigures } from "./tester.ts";

/** One server under one load. */
export interface Run {
  /** Runs of one round are neighbours in time; ratios are taken within it. */
  readonly round: string;
  readonly table: string;
  readonly server: string;
  readonly role: "swarmtide" | "rival" | "floor";
  readonly version: string;
  /** CPUs of the server, with as many workers. */
  readonly cores: number;
  /** The load tester had no CPU of its own. */
  readonly sharesCpu: boolean;
  readonly emptyBytes: number;
  readonly saturated: LoadFigures;
  /** At half the rate of `saturated`, its latency from when each request was due. */
  readonly half: LoadFigures;
  /** Share of the load's peers that had announced when `saturated` ended; at most 1. */
  readonly coverage: number;
}

export interface Raw {
  readonly machine: string;
  readonly date: string;
  readonly runs: Run[];
  /** Servers that could not be had or did not serve, and why. */
  readonly missing: Record<string, string>;
}

export function readRaw(file: string, empty: Omit<Raw, "runs" | "missing">): Raw {
  if (!existsSync(file)) return { ...empty, runs: [], missing: {} };
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Written beside and renamed, so that a stop leaves whole figures. */
export function writeRaw(file: string, raw: Raw): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, `${JSON.stringify(raw, null, 1)}\n`);
  renameSync(`${file}.tmp`, file);
}
