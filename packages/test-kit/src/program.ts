/** Runs the real program `swarmtide` in a child process for tests: start-up lines in, addresses out. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { within } from "./until.ts";

/** `swarmtide`, compiled: a process of its own, so no import. */
export const PROGRAM: string = fileURLToPath(new URL("../../tracker/dist/bin.js", import.meta.url));

/** What starts it: Node with the compiled program, or the executable that `npm run binary:test` names. */
export const PROGRAM_COMMAND: readonly [file: string, ...args: string[]] =
  process.env.SWARMTIDE_PROGRAM === undefined
    ? [process.execPath, PROGRAM]
    : [process.env.SWARMTIDE_PROGRAM];

/** A configuration that listens on free ports of the loopback addresses. No page: a tracker beside it may have its port. */
export const LOOPBACK_CONFIG = `
[statistics]
page_address = ""
[web]
address_ipv4 = "127.0.0.1:0"
address_ipv6 = "[::1]:0"
[udp]
address_ipv4 = "127.0.0.1:0"
address_ipv6 = "[::1]:0"
`;

/** The same, with statistics printed: further keys of [statistics] may be given. */
export const printingConfig = (keys = ""): string =>
  LOOPBACK_CONFIG.replace("[statistics]\n", `[statistics]\nprint_to_stdout = true\n${keys}`);

/** A folder that goes with the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the program to its end. */
export function runToEnd(...args: string[]) {
  const [file, ...first] = PROGRAM_COMMAND;
  const run = spawnSync(file, [...first, ...args], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** A program that serves. */
export class ServingProgram {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = "";
  stderr = "";
  readonly #exited: Promise<unknown[]>;
  #hasExited = false;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.#exited = once(child, "close").then((result) => {
      this.#hasExited = true;
      return result;
    });
    child.stdout.on("data", (chunk) => {
      this.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      this.stderr += chunk;
    });
  }

  /** Fulfilled once what was written to both streams matches; rejected when the program ends before. */
  async output(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (found) return found;
      if (this.#hasExited)
        throw new Error(`ended without ${pattern}\n${this.stdout}\n${this.stderr}`);
      const more = [once(this.child.stdout, "data"), once(this.child.stderr, "data")];
      await within(`the program has written ${pattern}`, Promise.race([...more, this.#exited]));
    }
  }

  /** The URLs of the HTTP tracker in the start-up lines, IPv4 before IPv6, plain before TLS. */
  async httpUrls(): Promise<string[]> {
    const [, listed = ""] = await this.output(/HTTP tracker on (\S+(?: and \S+)*) \(/);
    await this.output(/Point clients at .*\n/);
    return listed.split(" and ");
  }

  /** The addresses of the UDP tracker in the start-up lines, IPv4 before IPv6. */
  async addresses(): Promise<string[]> {
    const [, listed = ""] = await this.output(/UDP tracker on (\S+(?: and \S+)*) \(/);
    await this.output(/Point clients at .*\n/);
    return listed.split(" and ");
  }

  /** Sends a signal and waits for the end: the exit code. */
  async end(signal: NodeJS.Signals): Promise<unknown> {
    this.child.kill(signal);
    return await this.ended();
  }

  async ended(): Promise<unknown> {
    const [code] = await within("the program has ended", this.#exited);
    return code;
  }
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Most address space the program may have (`ulimit -v`). */
  readonly addressSpaceKib?: number;
  /** Most files the program may have open (`ulimit -n`). */
  readonly openFiles?: number;
  /** The `cgroup.procs` of the cgroup that it runs in, see `limitedCgroup`. */
  readonly cgroup?: string;
}

/** Starts the program with a configuration; it is killed when the test is over. */
export function startProgram(
  t: TestContext,
  config: string,
  { args = [], env = {}, addressSpaceKib, openFiles, cgroup }: ProgramOptions = {},
): ServingProgram {
  const folder = temporaryFolder(t);
  const file = join(folder, "config.toml");
  writeFileSync(file, config);
  const command = [...PROGRAM_COMMAND, ...args, "-c", file];
  const limits = [
    ...(addressSpaceKib === undefined ? [] : [`ulimit -v ${addressSpaceKib}`]),
    ...(openFiles === undefined ? [] : [`ulimit -n ${openFiles}`]),
    ...(cgroup === undefined ? [] : [`echo $$ > ${cgroup}`]),
  ];
  if (limits.length > 0)
    command.unshift("/bin/sh", "-c", [...limits, 'exec "$0" "$@"'].join(" && "));
  const [program = "", ...rest] = command;
  const child = spawn(program, rest, { env: { ...process.env, ...env }, cwd: folder });
  t.after(() => child.kill("SIGKILL"));
  return new ServingProgram(child);
}
