/**
 * What the transfer tests share: a network of hosts and the programs that run on them, with the last words of each for
 * a test that fails.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type HostName, TestNetwork } from "./test-network.ts";

export const DEADLINE_SECONDS = 90;

/** A running program of a test, with the end of what it printed. */
export class Actor implements Speaker {
  readonly name: string;
  readonly child: ChildProcess;
  output = "";
  isDone = false;

  constructor(network: TestNetwork, name: string, host: HostName, command: readonly string[]) {
    this.name = name;
    const [file, ...args] = network.commandOn(host, command);
    this.child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: environmentOn(network),
    });
    // What a failed start says is in `ended` and `output`.
    this.child.on("error", (error) => {
      this.output += error.message;
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (data: Buffer) => {
        this.output = (this.output + data.toString()).slice(-6000);
      });
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The next message of a program that is a Node process of ours. */
  async message<T>(): Promise<T> {
    const over = new AbortController();
    const { signal } = over;
    const patience = setTimeout(() => over.abort(), DEADLINE_SECONDS * 1000);
    try {
      const ending = once(this.child, "close", { signal }).then(() => undefined);
      const [message] =
        (await Promise.race([once(this.child, "message", { signal }), ending])) ?? [];
      if (message === undefined) throw new Error(`${this.name} ended: ${this.output}`);
      return message as T;
    } finally {
      clearTimeout(patience);
      over.abort();
    }
  }

  /** Sends a message and takes the answer. */
  ask<T>(question: string): Promise<T> {
    const answer = this.message<T>();
    this.child.send(question);
    return answer;
  }

  async stop(): Promise<void> {
    this.isDone = true;
    if (this.ended) return;
    const exit = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exit;
  }
}

/** A home of its own: nobody's settings count, and nothing is left in them. The test's own authority is trusted, if any. */
export function environmentOn({ folder }: TestNetwork): NodeJS.ProcessEnv {
  const authority = join(folder, "ca.pem");
  const names = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];
  const trust = existsSync(authority) ? names.map((name) => [name, authority]) : [];
  const home = { HOME: folder, XDG_CONFIG_HOME: folder };
  return { ...process.env, ...home, ...Object.fromEntries(trust) };
}

/** Whose last words a test that fails shows. */
export interface Speaker {
  readonly name: string;
  readonly output: string;
  /** It has done its part and matters no more. */
  readonly isDone: boolean;
}

/** The parts of one test or of several; whoever opens it closes it, whichever way they end. */
export class Stage {
  readonly network = TestNetwork.open();
  readonly #actors: Actor[] = [];
  readonly #speakers: Speaker[] = [];

  listenTo(speaker: Speaker): void {
    this.#speakers.push(speaker);
  }

  start(name: string, host: HostName, command: readonly string[]): Actor {
    const actor = new Actor(this.network, name, host, command);
    this.#actors.push(actor);
    this.listenTo(actor);
    return actor;
  }

  fail(message: string): never {
    const present = this.#speakers.filter(({ isDone }) => !isDone);
    const words = present.map(({ name, output }) => `--- ${name} ---\n${output}`);
    assert.fail([message, ...words].join("\n"));
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + DEADLINE_SECONDS * 1000;
    while (!(await condition())) {
      const dead = this.#actors.find(
        ({ name, isDone, ended }) => name !== "scrape" && !isDone && ended,
      );
      if (dead) this.fail(`${dead.name} ended before ${what}`);
      if (Date.now() > deadline) this.fail(`After ${DEADLINE_SECONDS} s not yet: ${what}`);
      await delay(100);
    }
  }

  async close(): Promise<void> {
    for (const actor of this.#actors) await actor.stop();
    this.network.close();
  }
}
