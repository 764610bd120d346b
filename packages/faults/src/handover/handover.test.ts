import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@swarmtide/test-kit";
import { Scope } from "../scope.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { proveLargeHandover } from "./large-proof.ts";
import { Load } from "./load.ts";
import { configOf, proveHandover, wrongCounts } from "./proof.ts";

const skip = process.platform === "linux" ? false : "sockets are handed over on Linux alone";
const GOES_ON = /hand-over: .*this process keeps serving/;

function scopeOf(t: { after: (undo: () => unknown) => void }): Scope {
  const scope = new Scope();
  t.after(() => scope.close());
  return scope;
}

test("through hand-overs to more and to fewer workers no request stays unanswered and every count is the model's", {
  skip,
  timeout: 180_000,
}, async (t) => {
  const { problems, answered, cameBack } = await proveHandover(scopeOf(t), {
    times: 2,
    workers: [1, 2],
  });
  assert.deepEqual(problems, []);
  assert.ok(answered > 100);
  // Each page twice: those that came while the other drained met it there.
  assert.ok(cameBack >= 8);
});

test("a process that takes over while the snapshot is being restored gets every peer of it", {
  skip,
  timeout: 180_000,
}, async (t) => {
  const { problems, peers } = await proveLargeHandover(scopeOf(t), {
    peers: 200_000,
    asksAtOnce: true,
  });
  assert.deepEqual(problems, []);
  assert.ok(peers >= 200_000);
});

/** A process that takes over as far as wanted, by the bytes of docs/protocol/hand-over.md. */
class HalfTaker {
  readonly socket: Socket;
  #received = Buffer.alloc(0);

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
  }

  send(kind: number, payload = ""): void {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(kind, 0);
    head.writeUInt32BE(Buffer.byteLength(payload), 4);
    this.socket.write(Buffer.concat([head, Buffer.from(payload)]));
  }

  hello(handover = 1): void {
    this.send(1, JSON.stringify({ handover, version: "9.9.9", pid: 1 }));
  }

  /** The payload of the first message of a kind. */
  async message(kind: number): Promise<string> {
    const payload = await until(`message ${kind} has arrived`, () => {
      let bytes = this.#received;
      while (bytes.length >= 8 && bytes.length >= 8 + bytes.readUInt32BE(4)) {
        const end = 8 + bytes.readUInt32BE(4);
        if (bytes.readUInt32BE(0) === kind) return `${bytes.subarray(8, end)} `;
        bytes = bytes.subarray(end);
      }
      return undefined;
    });
    return payload ?? "";
  }
}

/** What a new process does, and why the running one says that it goes on. */
interface Failure {
  readonly how: string;
  readonly reason: RegExp;
  attempt(): Promise<void>;
}

/** Starts the new process with a configuration. */
type Spawn = (config: string, wrap?: readonly string[]) => TrackerProcess;

/** Real processes that fail. `takenPort` is somebody else's. */
function failingProcesses(folder: string, takenPort: number, spawn: Spawn): Failure[] {
  const killed = (how: string, pattern: RegExp): Failure => ({
    how,
    reason: /the other process ended|ECONNRESET|EPIPE/,
    async attempt() {
      const taker = spawn(configOf(folder));
      await taker.says(pattern);
      taker.signal("SIGKILL");
    },
  });
  return [
    killed("killed as it asks", /taking over from process/),
    killed("killed with the swarms received", /swarms received/),
    {
      how: "with an engine that cannot read these sockets",
      reason: /udp.engine = dgram/,
      async attempt() {
        const taker = spawn(configOf(folder).replace("[udp]", '[udp]\nengine = "dgram"'));
        assert.equal(await taker.ended(), 1);
        assert.match(taker.output, /udp.engine = dgram: the running process has mmsg/);
      },
    },
    {
      how: "with a further address that is taken",
      reason: /EADDRINUSE/,
      async attempt() {
        const two = `address_ipv4 = ["127.0.0.1:0", "127.0.0.1:${takenPort}"]`;
        const [before = "", after = ""] = configOf(folder).split("[web]");
        const web = after.replace('address_ipv4 = "127.0.0.1:0"', two);
        const taker = spawn(`${before}[web]${web}`);
        assert.equal(await taker.ended(), 1);
        assert.match(taker.output, /EADDRINUSE/);
      },
    },
    {
      how: "out of memory",
      reason: /hand-over/,
      async attempt() {
        const limit = ["/bin/sh", "-c", 'ulimit -v 3000000 && exec "$0" "$@"'];
        assert.notEqual(await spawn(configOf(folder), limit).ended(), 0);
      },
    },
  ];
}

/** Processes that say the wrong thing, or nothing more. */
const failingTakers = (control: string): Failure[] => [
  {
    how: "of another version",
    reason:
      /speaks version 2 of the hand-over, swarmtide \S+ version 1: stop this one and start that one/,
    async attempt() {
      const taker = new HalfTaker(control);
      taker.hello(2);
      assert.match(await taker.message(2), /speaks version 2 of the hand-over/);
    },
  },
  {
    how: "that says it is ready and dies once this one holds still",
    reason: /the other process ended|ECONNRESET|EPIPE/,
    async attempt() {
      const taker = new HalfTaker(control);
      taker.hello();
      await taker.message(4);
      taker.send(6);
      assert.match(await taker.message(7), /swarmtide_udp_/);
      taker.socket.destroy();
    },
  },
  {
    how: "that talks nonsense",
    reason: /not JSON/,
    async attempt() {
      const taker = new HalfTaker(control);
      taker.send(1, "{");
      await once(taker.socket, "close");
    },
  },
];

/** A port that something else has. */
async function takenPortOf(scope: Scope): Promise<number> {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  scope.after(() => taken.close());
  const address = taken.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

test("whatever becomes of the new process, the running one goes on and loses nothing", {
  skip,
  timeout: 240_000,
}, async (t) => {
  const scope = scopeOf(t);
  const folder = scope.folder();
  const args = ["--take-over"];
  const running = await TrackerProcess.start(scope, { config: configOf(folder), args });
  const { udp, http } = running.ports();
  const load = new Load(`127.0.0.1:${udp}`, http, { clients: 2, pages: 2 });
  const spawn: Spawn = (config, wrap = []) => TrackerProcess.spawn(scope, { config, wrap, args });
  const failures = [
    ...failingProcesses(folder, await takenPortOf(scope), spawn),
    ...failingTakers(join(folder, "control")),
  ];
  for (const { how, reason, attempt } of failures)
    await t.test(how, async () => {
      const start = running.output.length;
      const answered = load.answered.udp;
      await attempt();
      const [line] = await running.says(GOES_ON, start);
      assert.match(line, reason);
      await until("requests are answered", () => load.answered.udp > answered + 20);
      assert.deepEqual(load.problems, []);
    });
  await t.test("and a good one takes over after all", async () => {
    const taker = spawn(configOf(folder));
    await taker.says(/Point clients at/);
    assert.equal(await running.ended(), 0);
    await load.stop();
    assert.deepEqual(load.problems, []);
    assert.deepEqual(await wrongCounts(load, http), []);
    load.closePages();
    assert.equal((await taker.stop()).code, 0);
  });
});
