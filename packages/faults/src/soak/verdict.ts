/**
 * Judges what a soak has measured. Memory may rise until every buffer has once been as large as it gets; so the first tenth
 * of the samples does not count, and the last third is held against the first third of the rest.
 */
import type { Vitals } from "../vitals.ts";

export interface SoakResult {
  /** In the order of time, none taken during a flood. */
  readonly samples: readonly Vitals[];
  /** Before the first client came, and after the last one has gone. */
  readonly idleBefore: Vitals;
  readonly idleAfter: Vitals;
  /** What the process holds after the last client on top of what it held before the first. */
  readonly descriptorsLeft: readonly string[];
  readonly contradictions: number;
  readonly compared: number;
  readonly answered: number;
  readonly lost: number;
  readonly complaints: readonly string[];
  readonly exitCode: number | string;
  /** Milliseconds that the program took to stop. */
  readonly stopMilliseconds: number;
}

export interface Check {
  readonly name: string;
  readonly holds: boolean;
  readonly seen: string;
}

const GROWTH_MAX = 1.05;
const GROWTH_MIB_MAX = 8;
const LOST_SHARE_MAX = 0.001;
const STOP_MILLISECONDS_MAX = 5000;

export function judge(result: SoakResult): Check[] {
  const counted = result.samples.slice(Math.floor(result.samples.length / 10));
  const third = Math.max(1, Math.floor(counted.length / 3));
  const early = medianOf(counted.slice(0, third).map(({ rssMib }) => rssMib));
  const late = medianOf(counted.slice(-third).map(({ rssMib }) => rssMib));
  const lostShare = result.lost / Math.max(1, result.lost + result.answered);
  const { idleBefore, idleAfter, exitCode, stopMilliseconds } = result;
  return [
    {
      name: "memory does not grow",
      holds: late <= early * GROWTH_MAX + GROWTH_MIB_MAX,
      seen: `median ${early} MiB in the first third, ${late} MiB in the last`,
    },
    {
      name: "no descriptor stays behind",
      holds: idleAfter.descriptors <= idleBefore.descriptors,
      seen: `${idleBefore.descriptors} before the first client, ${idleAfter.descriptors} after the last${result.descriptorsLeft.map((name) => `; ${name}`).join("")}`,
    },
    {
      name: "no thread stays behind",
      holds: idleAfter.threads <= idleBefore.threads,
      seen: `${idleBefore.threads} before, ${idleAfter.threads} after`,
    },
    {
      name: "counts are those of the model",
      holds: result.contradictions === 0 && result.compared > 0,
      seen: `${result.contradictions} contradictions in ${result.compared} counts`,
    },
    {
      name: "answers come",
      holds: result.answered > 0 && lostShare <= LOST_SHARE_MAX,
      seen: `${result.lost} lost of ${result.lost + result.answered}`,
    },
    {
      name: "nothing to complain of",
      holds: result.complaints.length === 0,
      seen: `${result.complaints.length} complaints`,
    },
    {
      name: "SIGTERM ends it",
      holds: exitCode === 0 && stopMilliseconds <= STOP_MILLISECONDS_MAX,
      seen: `code ${exitCode} after ${stopMilliseconds} ms`,
    },
  ];
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
