/**
 * `swarmtide doctor`: looks at this host with the eyes of this configuration and says what will lose packets, connections or
 * peers, why, and how to mend it. Reads only; opens no port, so that it can be run beside the tracker
 * (cluster-checks.ts, which connects, is called beside it).
 *
 * Exit code 1 when something is lost or the tracker will not start, 0 otherwise: warnings cost speed, not packets.
 */
import { availableParallelism } from "node:os";
import { availableMemory, OperatorError } from "@swarmtide/runtime";
import type { TrackerConfig } from "../config.ts";
import { planMemory } from "../memory-plan.ts";
import { reservableMemory } from "../reservable-memory.ts";
import type { Finding } from "./finding.ts";
import type { Host } from "./host.ts";
import {
  checkBacklog,
  checkConntrack,
  checkContainer,
  checkReceiveBuffer,
  checkReceiveQueues,
} from "./network-checks.ts";
import {
  checkClock,
  checkEngines,
  checkFamilies,
  checkLockedMemory,
  checkOpenFiles,
  checkReachability,
  checkSettings,
} from "./tracker-checks.ts";

/** Looks at everything. `threads` are those that the configuration will start. */
export function examine(config: TrackerConfig, threads: number, host: Host): Finding[] {
  const cores = availableParallelism();
  return [
    ...checkMemory(config, threads),
    ...checkOpenFiles(config, threads),
    ...checkLockedMemory(),
    ...checkEngines(config),
    ...checkFamilies(config),
    ...checkReceiveBuffer(config, host),
    ...checkConntrack(config, host),
    ...checkReceiveQueues(cores, host),
    ...checkBacklog(config, host),
    ...checkContainer(host),
    ...checkClock(),
    ...checkSettings(config),
    ...checkReachability(config),
  ];
}

/** The budget beside what the host or its cgroup has. */
function checkMemory(config: TrackerConfig, threads: number): Finding[] {
  try {
    const { line, warnings } = planMemory(config, {
      threads,
      available: availableMemory(),
      reservable: reservableMemory(threads),
    });
    if (warnings.length > 0)
      return warnings.map((reason) => ({ what: "memory", grade: "error", reason }));
    return [{ what: "memory", grade: "ok", reason: line.replace(/^Memory: /, "") }];
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return [{ what: "memory", grade: "error", reason: error.message }];
  }
}

const WIDTH_OF_GRADE = 8;
const WIDTH_OF_NAME = 22;

/** A line for each finding, and one below it with the remedy. */
export function describeFindings(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ what, grade, reason, remedy }) => [
    `${grade.padEnd(WIDTH_OF_GRADE)}${what.padEnd(WIDTH_OF_NAME)}${reason}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(WIDTH_OF_GRADE + WIDTH_OF_NAME)}→ ${remedy}`]),
  ]);
  return `${lines.join("\n")}\n`;
}

/** 1 when something will be lost. */
export const exitCodeOf = (findings: readonly Finding[]): number =>
  findings.some(({ grade }) => grade === "error") ? 1 : 0;
