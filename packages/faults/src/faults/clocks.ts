import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { Bystander } from "./bystander.ts";
import type { Fault, FaultContext, Outcome } from "./fault.ts";
import { PATIENCE_SECONDS, STOPPED_CONFIG, SWARM_PEERS, settle } from "./time.ts";

const LIBRARIES = "/usr/lib";
const SWARM = Buffer.alloc(20, "leaping");
const HOUR_SECONDS = 3600;
/** The time of day is set: ahead by an hour, back by two, ahead by eight as after a night asleep, ahead by two years. */
const STEPS_SECONDS = [
  HOUR_SECONDS,
  -2 * HOUR_SECONDS,
  8 * HOUR_SECONDS,
  2 * 365 * 24 * HOUR_SECONDS,
];
/** Two passes of cleaning, and every sweep and tick. */
const AFTER_STEP_MILLISECONDS = 3000;
/**
 * Processor time in those, beyond what the process took in as long before the first step: a timer that storms takes a whole
 * core. The baseline is needed because a thread that waits for a point in time may spin under libfaketime, step or no step.
 */
const STORM_MILLISECONDS = 1500;
/** Longer than peers live and than connections may be idle. */
const LEAP_SECONDS = 60;
/** clock ticks of /proc/PID/stat, a constant of Linux. */
const TICK_MILLISECONDS = 10;

/** The library for programs with threads; undefined where it is not installed. */
function fakeTimeLibrary(): string | undefined {
  if (!existsSync(LIBRARIES)) return undefined;
  return readdirSync(LIBRARIES)
    .map((folder) => join(LIBRARIES, folder, "faketime", "libfaketimeMT.so.1"))
    .find((path) => existsSync(path));
}

const missing = (): string | undefined =>
  fakeTimeLibrary() === undefined
    ? "libfaketime is not installed (Debian: apt install faketime)"
    : undefined;

/** A tracker whose clocks can be set, and what sets them. */
async function startWithClocks(scope: Scope, leapsMonotonic: boolean) {
  const offset = join(scope.folder(), "offset");
  const setClocks = (seconds: number) =>
    writeFileSync(offset, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  setClocks(0);
  const wrap = [
    ...["env", `LD_PRELOAD=${fakeTimeLibrary()}`, `FAKETIME_TIMESTAMP_FILE=${offset}`],
    ...["FAKETIME_NO_CACHE=1", ...(leapsMonotonic ? [] : ["FAKETIME_DONT_FAKE_MONOTONIC=1"])],
  ];
  const tracker = await TrackerProcess.start(scope, { config: STOPPED_CONFIG, wrap });
  return { tracker, setClocks };
}

async function timeOfDay({ scope }: FaultContext): Promise<Outcome> {
  const { tracker, setClocks } = await startWithClocks(scope, false);
  const bystander = await Bystander.start(tracker.ports());
  const { closed, count } = await settle(scope, tracker, SWARM);
  const baseline = await processorTimeAfter(tracker.pid, () => {});
  const storms: number[] = [];
  let closedAtOnce: readonly string[] = [];
  for (const [at, seconds] of STEPS_SECONDS.entries()) {
    storms.push(await processorTimeAfter(tracker.pid, () => setClocks(seconds)));
    // Idle connections may stay for ten seconds: they see two steps, the peers all.
    if (at === 1) closedAtOnce = [...closed];
  }
  const after = await count();
  await wait((PATIENCE_SECONDS - 10) * 1000);
  const late = await count();
  const { lost, text } = bystander.stop();
  const { code } = await tracker.stop();
  const most = Math.max(...storms);
  return {
    holds:
      [code, lost, late].every((value) => value === 0) &&
      after === SWARM_PEERS &&
      closedAtOnce.length === 0 &&
      most - baseline < STORM_MILLISECONDS,
    seen: `${after} of ${SWARM_PEERS} peers there after ${storms.length} steps, ${late} once they had had their age; closed at once: ${closedAtOnce.join(", ") || "no connection"}; at most ${timeText(most, baseline)}`,
    lost: text,
  };
}

async function allClocks({ scope }: FaultContext): Promise<Outcome> {
  const { tracker, setClocks } = await startWithClocks(scope, true);
  const { closed, count } = await settle(scope, tracker, SWARM);
  const baseline = await processorTimeAfter(tracker.pid, () => {});
  const used = await processorTimeAfter(tracker.pid, () => setClocks(LEAP_SECONDS));
  const after = await count();
  const closedAtOnce = [...closed];
  await wait(PATIENCE_SECONDS * 1000);
  const late = await count();
  const told = /stood still for \d+ s/.exec(tracker.output)?.[0] ?? "nothing said";
  const { code } = await tracker.stop();
  return {
    holds:
      code === 0 &&
      after === SWARM_PEERS &&
      late === 0 &&
      closedAtOnce.length === 0 &&
      used - baseline < STORM_MILLISECONDS,
    seen: `${after} of ${SWARM_PEERS} peers there afterwards, ${late} once they had had their age; closed at once: ${closedAtOnce.join(", ") || "no connection"}; ${timeText(used, baseline)}; "${told}"`,
  };
}

/** Processor time of the process in the seconds after something is done, in milliseconds. */
async function processorTimeAfter(pid: number, act: () => void): Promise<number> {
  const before = processorMilliseconds(pid);
  act();
  await wait(AFTER_STEP_MILLISECONDS);
  return processorMilliseconds(pid) - before;
}

const timeText = (used: number, baseline: number): string =>
  `${used} ms of processor time in ${AFTER_STEP_MILLISECONDS} ms (${baseline} before any step)`;

/** User and system time that the process has taken, of all threads. */
function processorMilliseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MILLISECONDS;
}

export const clockFaults: readonly Fault[] = [
  {
    kind: "time",
    name: "the time of day set ahead by an hour, back by two, ahead by eight (as after a sleep) and by two years",
    isShort: false,
    missing,
    run: timeOfDay,
  },
  {
    kind: "time",
    name: "all clocks leap by a minute, as where they go on while a machine sleeps or is moved",
    isShort: false,
    missing,
    run: allClocks,
  },
];
