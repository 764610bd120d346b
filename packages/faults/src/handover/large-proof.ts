/**
 * The largest start and the largest hand-over: a tracker restores many peers from a snapshot while clients ask it without
 * pause, then another one takes over from it. Called by the command (prove-handover.ts) and by a test.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { Load } from "./load.ts";
import { missingPeers, writeManyPeers } from "./many-peers.ts";
import { configOf, wrongCounts } from "./proof.ts";

/** Between two looks at the memory of both processes. */
const LOOK_MILLISECONDS = 50;
const TORRENTS_SCRAPED = 5000;
const STEP_MILLISECONDS_MAX = 150_000;

export interface LargeProofOptions {
  readonly peers: number;
  readonly tell?: (line: string) => void;
  /** Whether the other process asks while the first one still restores; the hand-over waits for it. */
  readonly asksAtOnce?: boolean;
}

export interface LargeProofResult {
  readonly problems: readonly string[];
  readonly peers: number;
}

export async function proveLargeHandover(
  scope: Scope,
  { peers: wanted, tell = () => {}, asksAtOnce = false }: LargeProofOptions,
): Promise<LargeProofResult> {
  const folder = scope.folder();
  const path = join(folder, "swarms");
  const written = writeManyPeers(path, wanted);
  const { peers, torrents } = written;
  tell(`${peers} peers of ${torrents} torrents, ${statSync(path).size} bytes`);
  const config = configOf(folder, 1, `[snapshot]\npath = "${path}"\nstop_timeout = 0`).replace(
    "max_memory = 256",
    "max_memory = 2048\nmax_peer_age = 14400",
  );
  const options = { config, args: ["--take-over"] };
  const running = await TrackerProcess.start(scope, options);
  const { udp, http } = running.ports();
  const load = new Load(`127.0.0.1:${udp}`, http, { clients: 2, pages: 2 });
  const restored = running.says(
    /restored.*? peers=(\d+).* seconds=([\d.]+)/,
    0,
    STEP_MILLISECONDS_MAX,
  );
  if (!asksAtOnce) {
    const [, count, seconds] = await restored;
    const longest = Math.round(load.longestMilliseconds);
    tell(
      `restored ${count} peers in ${seconds} s while ${answersOf(load)} requests were answered, the longest after ${longest} ms; RSS ${running.vitals().rssMib} MiB`,
    );
  }
  load.longestMilliseconds = 0;
  const answeredBefore = answersOf(load);
  const start = performance.now();
  const taker = TrackerProcess.spawn(scope, options);
  const memory = new MemoryWatch([running, taker]);
  await taker.says(/^Point clients at /m, 0, STEP_MILLISECONDS_MAX);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const [, waited] = await running.says(/requests waited for (\d+) ms/);
  memory.end();
  const answered = answersOf(load) - answeredBefore;
  tell(
    `handed over after ${seconds} s; workers held still for ${waited} ms; ${answered} requests were answered, the longest after ${Math.round(load.longestMilliseconds)} ms; RSS of both at most ${memory.most.join(" and ")} MiB`,
  );
  const code = await running.ended();
  await load.stop();
  const problems = [
    ...(code === 0 ? [] : [`the first process ended with ${code}`]),
    ...load.problems,
    ...(await wrongCounts(load, http)),
    ...(await missingPeers(http, written, TORRENTS_SCRAPED)),
  ];
  const [, received] = await taker.says(/swarms received.*? peers=(\d+)/);
  if (Number(received) < peers) problems.push(`${received} peers were received, ${peers} expected`);
  load.closePages();
  await taker.stop();
  return { problems, peers: Number(received) };
}

const answersOf = ({ answered }: Load): number =>
  Object.values(answered).reduce((sum, count) => sum + count, 0);

/** The most resident memory of each process, looked at every LOOK_MILLISECONDS. */
class MemoryWatch {
  readonly most: number[];
  readonly #timer: NodeJS.Timeout;

  constructor(processes: readonly TrackerProcess[]) {
    this.most = processes.map(() => 0);
    this.#timer = setInterval(() => {
      for (const [i, process] of processes.entries())
        if (!process.hasEnded) this.most[i] = Math.max(this.most[i] ?? 0, process.vitals().rssMib);
    }, LOOK_MILLISECONDS);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
