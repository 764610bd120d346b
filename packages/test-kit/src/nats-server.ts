/** A real nats-server for tests (Debian's package `nats-server`, which `npm run clients:install` brings). */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until, within } from "./until.ts";

/** Why tests with a server are skipped; false where they run. `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing one a failure. */
export const natsMissing: string | false =
  process.env.SWARMTIDE_REQUIRE_CLIENTS === "1" ||
  spawnSync("nats-server", ["--version"]).status === 0
    ? false
    : "nats-server is not installed";

/** A test, or whatever else undoes things at its end. */
interface TestScope {
  after(undo: () => unknown): void;
}

export class NatsServer {
  /** 0 until it has taken one. */
  port = 0;
  /** What it has logged, all runs together. */
  log = "";
  readonly #configFile: string;
  #child: ChildProcess | undefined;

  readonly #env: NodeJS.ProcessEnv;

  private constructor(configFile: string, env: NodeJS.ProcessEnv) {
    this.#configFile = configFile;
    this.#env = env;
  }

  /**
   * Starts one on a free port of 127.0.0.1; `config` is what else stands in its file, `env` what that takes out of the
   * environment. It is killed when the test is over.
   */
  static async start(t: TestScope, config = "", env: NodeJS.ProcessEnv = {}): Promise<NatsServer> {
    const folder = mkdtempSync(join(tmpdir(), "swarmtide-nats-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "nats.conf");
    writeFileSync(file, `${config}\n`);
    const server = new NatsServer(file, env);
    t.after(() => server.kill());
    await server.run();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Starts it again after `kill`, on the same port. */
  async run(): Promise<void> {
    // -1 takes a free port, which the log names.
    const port = this.port === 0 ? "-1" : String(this.port);
    const args = ["-c", this.#configFile, "-a", "127.0.0.1", "-p", port];
    const env = { ...process.env, ...this.#env };
    const child = spawn("nats-server", args, { stdio: ["ignore", "ignore", "pipe"], env });
    this.#child = child;
    const start = this.log.length;
    const ready = new Promise<void>((resolve, reject) => {
      child.stderr.on("data", (chunk) => {
        this.log += chunk;
        const log = this.log.slice(start);
        const [, taken] = /Listening for client connections on \S+:(\d+)/.exec(log) ?? [];
        if (taken === undefined || !log.includes("Server is ready")) return;
        this.port = Number(taken);
        resolve();
      });
      child.once("exit", () => reject(new Error(`nats-server ended: ${this.log}`)));
    });
    ready.catch(() => {});
    await within("nats-server is ready", ready);
  }

  /** Waits until its log matches, from `start` on. */
  async says(pattern: RegExp, start = 0): Promise<void> {
    await until(`nats-server logs ${pattern}`, () => pattern.test(this.log.slice(start)));
  }

  /** Publishes one message as any client of NATS does (docs.nats.io, client protocol); the server asks for no user and no TLS. */
  async publish(subject: string, bytes: Uint8Array): Promise<void> {
    const socket = createConnection(this.port, "127.0.0.1");
    try {
      await within("nats-server greets", once(socket, "data"));
      socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
      socket.write(`PUB ${subject} ${bytes.length}\r\n`);
      socket.write(bytes);
      socket.write("\r\nPING\r\n");
      await within("nats-server has the message", once(socket, "data"));
    } finally {
      socket.destroy();
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }
}
