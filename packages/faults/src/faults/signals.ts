/** Signals at the worst moments: while the program starts, in bursts, and while a reload is under way. */
import { randomFillSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { until } from "@swarmtide/test-kit";
import { TrackerProcess } from "../tracker-process.ts";
import { Bystander } from "./bystander.ts";
import { CONFIG, type Fault, type FaultContext, type Outcome, Watch } from "./fault.ts";

/** SIGHUP's bit of SigCgt in /proc/PID/status (proc(5)): signal 1 is bit 0. */
const SIGHUP_CAUGHT = 1n;
const STOP_MILLISECONDS_MAX = 5000;
const ENTRIES_FULL = 1_000_000;
const ENTRIES_SHORT = 100_000;
const RELOADS = 60;

function catchesHangUp(pid: number): boolean {
  const caught = /^SigCgt:\s+([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  return (BigInt(`0x${caught ?? "0"}`) & SIGHUP_CAUGHT) !== 0n;
}

/** From the first moment at which JavaScript can catch them until the program serves, a pair every two milliseconds. */
async function whileStarting({ scope }: FaultContext): Promise<Outcome> {
  const spawned = performance.now();
  const tracker = TrackerProcess.spawn(scope, { config: CONFIG });
  await until("SIGHUP is caught", () => tracker.hasEnded || catchesHangUp(tracker.pid));
  const caught = Math.round(performance.now() - spawned);
  let sent = 0;
  while (!tracker.hasEnded && !tracker.output.includes("Point clients at")) {
    tracker.signal("SIGUSR1");
    tracker.signal("SIGHUP");
    sent += 2;
    await wait(2);
  }
  await tracker.says(/nothing to reload/);
  const { code } = await tracker.stop();
  const isOpen = /Debugger listening/.test(tracker.output);
  return {
    holds: code === 0 && !isOpen && sent > 0,
    seen: `${sent} signals from ${caught} ms after the start on, ${isOpen ? "A DEBUGGER PORT" : "no debugger port"}, carried out once it served`,
  };
}

/** A stop during the start ends it, whenever it comes. */
async function stopWhileStarting({ scope }: FaultContext): Promise<Outcome> {
  const codes: (number | string)[] = [];
  let slowest = 0;
  for (let delay = 0; delay < 400; delay += 80) {
    const tracker = TrackerProcess.spawn(scope, { config: CONFIG });
    await until("SIGHUP is caught", () => tracker.hasEnded || catchesHangUp(tracker.pid));
    await wait(delay);
    const { code, milliseconds } = await tracker.stop();
    codes.push(code);
    slowest = Math.max(slowest, milliseconds);
  }
  return {
    holds: codes.every((code) => code === 0) && slowest < STOP_MILLISECONDS_MAX,
    seen: `codes ${codes.join(", ")}, the slowest after ${slowest} ms`,
  };
}

function writeList(folder: string, entries: number): string {
  const hashes = randomFillSync(Buffer.alloc(20 * entries)).toString("hex");
  const lines: string[] = [];
  for (let at = 0; at < hashes.length; at += 40) lines.push(hashes.slice(at, at + 40));
  const path = join(folder, "deny.txt");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

async function reloadBurst({ scope, size }: FaultContext): Promise<Outcome> {
  const entries = size === "full" ? ENTRIES_FULL : ENTRIES_SHORT;
  const path = writeList(scope.folder(), entries);
  const config = `${CONFIG}[access_list]\nmode = "deny"\npath = "${path}"\n`;
  const tracker = await TrackerProcess.start(scope, { config });
  const watch = new Watch(tracker);
  const bystander = await Bystander.start(tracker.ports());
  const start = tracker.output.length;
  await tracker.says(/./, start, 300).catch(() => undefined);
  tracker.signal("SIGHUP");
  await tracker.says(/access list reloaded/, start);
  for (let sent = 0; sent < RELOADS; sent++) {
    tracker.signal(sent % 2 === 0 ? "SIGHUP" : "SIGUSR1");
    await wait(5);
  }
  const { lost, text, longest } = bystander.stop();
  const { rssMib, descriptors } = watch.end();
  const { code, milliseconds } = await tracker.stop();
  const reloads = tracker.output.slice(start).match(/access list reloaded/g)?.length ?? 0;
  return {
    holds: code === 0 && milliseconds < STOP_MILLISECONDS_MAX && reloads < RELOADS && lost === 0,
    seen: `${RELOADS + 1} signals, ${entries} entries, ${reloads} reloads; SIGTERM ended it after ${milliseconds} ms; longest wait ${longest} ms`,
    ...{ rssMib, descriptors, lost: text },
  };
}

export const signalFaults: readonly Fault[] = [
  {
    kind: "signals",
    name: "SIGUSR1 and SIGHUP every 2 ms while it starts",
    isShort: true,
    run: whileStarting,
  },
  {
    kind: "signals",
    name: "SIGTERM 0 to 320 ms into the start",
    isShort: true,
    run: stopWhileStarting,
  },
  {
    kind: "signals",
    name: "60 reloads of a long list in 0.3 s, then SIGTERM",
    isShort: true,
    run: reloadBurst,
  },
];
