/**
 * The real program under the attack that once ended it, together with well-behaved clients: what held, the JavaScript heap
 * of every thread, resident memory, and what the honest clients did not get. Called by `faults` (a short form) and by the
 * program `attack.ts`.
 */
import { setTimeout as wait } from "node:timers/promises";
import { CONFIG, type Outcome, Watch } from "../faults/fault.ts";
import type { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { heapsIn } from "./gc-log.ts";
import { HonestClients } from "./honest-clients.ts";
import { type AttackSize, startAttack } from "./member-attack.ts";

/** What buffers, code and garbage may take in one thread. It was at gigabytes when the process ended. */
const HEAP_MIB_MAX = 128;
/** Beside the budget: the heaps, TCP buffers that Node holds, and what 7,000 sockets take. */
const RSS_MIB_BESIDE = 400;
const LINE_SECONDS = 10;

export interface AttackOptions {
  readonly size: AttackSize;
  readonly seconds: number;
  /** `ws.max_memory`; 0 leaves it open. */
  readonly budgetMib: number;
  readonly onLine?: (line: string) => void;
}

/** Attacks a program of its own and says what held. */
export async function attackMembers(scope: Scope, options: AttackOptions): Promise<Outcome> {
  const { size, seconds, budgetMib, onLine = () => undefined } = options;
  const tracker = await TrackerProcess.start(scope, {
    config: `${CONFIG}[ws]\nmax_memory = ${budgetMib}\n`,
    nodeOptions: ["--trace-gc"],
  });
  const [line = "", share] = await tracker.says(/^Memory: .*?(\d+) MiB for WebTorrent.*/m);
  onLine(line);
  const { http } = tracker.ports();
  const watch = new Watch(tracker);
  const honest = new HonestClients(`ws://127.0.0.1:${http}/`);
  await honest.start();
  const attack = startAttack(http, size);
  let most = { members: 0, gaveWay: 0, refused: 0 };
  for (let second = 0; second < seconds && !tracker.hasEnded; second += LINE_SECONDS) {
    await wait(Math.min(LINE_SECONDS, seconds - second) * 1000);
    const counts = await countsOf(tracker);
    if (counts.members > most.members) most = counts;
    const heaps = heapsIn(tracker.output);
    onLine(
      `${second + LINE_SECONDS} s: ${attack.announces} announces, ${counts.members} members, ${counts.gaveWay} gave way, ` +
        `${counts.refused} refused, ${tracker.vitals().rssMib} MiB, largest heap ${heaps.mostMib} MiB`,
    );
  }
  const { due, lost, longestMilliseconds, missing } = await honest.stop();
  await attack.stop();
  const { rssPeak, rssMib, descriptors } = watch.end();
  const heaps = heapsIn(tracker.output);
  const { code } = await tracker.stop();
  const isServed = due > 0 && lost === 0;
  return {
    holds:
      code === 0 &&
      isServed &&
      most.members > 0 &&
      heaps.mostMib < HEAP_MIB_MAX &&
      rssPeak < Number(share) + RSS_MIB_BESIDE,
    seen:
      `${attack.announces} announces over ${attack.connections} connections, at most ${most.members} members; ` +
      `the budget is ${share} MiB; largest heap ${heaps.mostMib} MiB; longest wait ${longestMilliseconds} ms`,
    ...{
      rssMib,
      descriptors,
      lost: `${lost} of ${due}${lost > 0 ? `: ${missing.slice(0, 5).join(", ")}` : ""}`,
    },
  };
}

async function countsOf(tracker: TrackerProcess) {
  const [, url = ""] = await tracker.says(/statistics on (http:\S+\/)/);
  const text = await (await fetch(`${url}metrics`)).text();
  const sum = (pattern: string) =>
    [...text.matchAll(new RegExp(`^swarmtide_ws_${pattern} (\\d+)$`, "gm"))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  return {
    members: sum("(?:seeders|leechers)(?:\\{[^}]*\\})?"),
    gaveWay: sum('peers_removed_total\\{[^}]*reason="max_memory"[^}]*\\}'),
    refused: sum('requests_refused_total\\{[^}]*reason="max_memory"[^}]*\\}'),
  };
}
