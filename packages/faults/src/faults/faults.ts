/**
 * `npm run faults`: starts the real program for each known fault, does it, and prints what held. `--short` runs those that
 * take a few seconds (a part of `.ci/run`), `--only WORD` those whose kind or name contains it. Exit code 1 where one does
 * not hold.
 */
import { parseArgs } from "node:util";
import { Scope } from "../scope.ts";
import { abuseFaults } from "./abuse.ts";
import { clockFaults } from "./clocks.ts";
import { clusterFaults } from "./cluster.ts";
import type { Fault, Outcome } from "./fault.ts";
import { fileFaults } from "./files.ts";
import { hostFaults } from "./host.ts";
import { memoryFaults } from "./memory.ts";
import { signalFaults } from "./signals.ts";
import { timeFaults } from "./time.ts";

const FAULTS: readonly Fault[] = [
  ...memoryFaults,
  ...signalFaults,
  ...fileFaults,
  ...hostFaults,
  ...timeFaults,
  ...clockFaults,
  ...abuseFaults,
  ...clusterFaults,
];

async function runFault(fault: Fault, isShort: boolean): Promise<Outcome> {
  const scope = new Scope();
  try {
    return await fault.run({ scope, size: isShort ? "short" : "full" });
  } catch (error) {
    return { holds: false, seen: error instanceof Error ? error.message : String(error) };
  } finally {
    await scope.close();
  }
}

interface Outcomes {
  held: number;
  failed: number;
  /** What they need is not on this machine; the table says what. */
  notTried: number;
}

async function runAll(isShort: boolean, only: string): Promise<Outcomes> {
  const outcomes: Outcomes = { held: 0, failed: 0, notTried: 0 };
  console.log("| kind | what was done | held | what was seen | RSS MiB | descriptors | lost | s |");
  console.log("|---|---|---|---|---|---|---|---|");
  for (const fault of FAULTS) {
    if (isShort && !fault.isShort) continue;
    if (!`${fault.kind} ${fault.name}`.includes(only)) continue;
    const missing = fault.missing?.();
    if (missing !== undefined) {
      console.log(`| ${fault.kind} | ${fault.name} | not tried | ${missing} | | | | |`);
      outcomes.notTried++;
      continue;
    }
    const start = performance.now();
    const {
      holds,
      seen,
      rssMib = "",
      descriptors = "",
      lost = "",
    } = await runFault(fault, isShort);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (holds) outcomes.held++;
    else outcomes.failed++;
    const line = seen.trim().replaceAll("\n", " ").replaceAll("|", "/");
    console.log(
      `| ${fault.kind} | ${fault.name} | ${holds ? "yes" : "**NO**"} | ${line} | ${rssMib} | ${descriptors} | ${lost} | ${seconds} |`,
    );
  }
  return outcomes;
}

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
Scope.endOnSignals();
const { held, failed, notTried } = await runAll(values.short, values.only);
const verdict =
  failed > 0 ? `${failed} did not hold` : held > 0 ? `all ${held} held` : "none was tried";
console.log(`\n${verdict}${notTried > 0 ? `, ${notTried} not tried` : ""}`);
process.exit(failed === 0 && held > 0 ? 0 : 1);
