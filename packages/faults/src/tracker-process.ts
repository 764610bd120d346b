/**
 * The real program `swarmtide` in a process of its own, as an operator starts it: a configuration file, signals, start
 * lines and log. `wrap` is put in front of the command: `unshare -n`, `prlimit`, a shell with `ulimit`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "@swarmtide/test-kit";
import type { Scope } from "./scope.ts";
import { type Vitals, vitalsOf } from "./vitals.ts";

const PROGRAM = fileURLToPath(new URL("../../tracker/bin/swarmtide.js", import.meta.url));

/** None outlives the run, however that ends. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface TrackerOptions {
  readonly config: string;
  readonly wrap?: readonly string[];
  readonly nodeOptions?: readonly string[];
  readonly args?: readonly string[];
}

/** Ports of 127.0.0.1; 0 where nothing listens. */
export interface TrackerPorts {
  readonly udp: number;
  readonly http: number;
  readonly https: number;
}

export class TrackerProcess {
  readonly child: ChildProcess;
  /** Start lines and log, stdout and stderr as they came. */
  output = "";
  readonly #ended: Promise<number | string>;
  #hasEnded = false;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.#ended = once(child, "close").then(([code, signal]) => {
      this.#hasEnded = true;
      return code ?? signal;
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        this.output += chunk;
      });
  }

  static spawn(scope: Scope, { config, wrap = [], nodeOptions = [], args = [] }: TrackerOptions) {
    const folder = scope.folder();
    const file = join(folder, "swarmtide.toml");
    writeFileSync(file, config);
    const [command = "", ...rest] = [
      ...[...wrap, process.execPath, ...nodeOptions, PROGRAM, "-c", file, ...args],
    ];
    const child = spawn(command, rest, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    child.once("close", () => running.delete(child));
    scope.after(() => child.kill("SIGKILL"));
    return new TrackerProcess(child);
  }

  /** Starts one and waits until it serves. */
  static async start(scope: Scope, options: TrackerOptions): Promise<TrackerProcess> {
    const tracker = TrackerProcess.spawn(scope, options);
    await tracker.says(/^Point clients at /m);
    return tracker;
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error("the program has not started");
    return pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  vitals(): Vitals {
    return vitalsOf(this.pid);
  }

  ports(): TrackerPorts {
    const lineOf = (name: string) =>
      new RegExp(`^${name} tracker on .*`, "m").exec(this.output)?.[0] ?? "";
    const portIn = (line: string, before: string) =>
      Number(new RegExp(`${before}127\\.0\\.0\\.1:(\\d+)`).exec(line)?.[1] ?? 0);
    return {
      udp: portIn(lineOf("UDP"), " "),
      http: portIn(lineOf("HTTP"), "http://"),
      https: portIn(lineOf("HTTP"), "https://"),
    };
  }

  /** Waits until the output from `start` on matches; fails when the program ends before. */
  async says(pattern: RegExp, start = 0, milliseconds?: number): Promise<RegExpExecArray> {
    const found = await until(
      `the program says ${pattern}`,
      () => pattern.exec(this.output.slice(start)) ?? (this.#hasEnded ? "ended" : undefined),
      milliseconds,
    );
    if (typeof found === "object") return found;
    throw new Error(`the program ended without ${pattern}:\n${this.output.slice(-2000)}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The exit code, or the name of the signal that ended it. */
  ended(): Promise<number | string> {
    return this.#ended;
  }

  /** Sends SIGTERM; how long the program takes to end, and its code. */
  async stop(): Promise<{ code: number | string; milliseconds: number }> {
    const start = performance.now();
    this.signal("SIGTERM");
    const code = await this.#ended;
    return { code, milliseconds: Math.round(performance.now() - start) };
  }
}
