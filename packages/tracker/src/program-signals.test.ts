import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  LOOPBACK_CONFIG,
  PROGRAM,
  ServingProgram,
  startProgram,
  temporaryFolder,
  until,
} from "@swarmtide/test-kit";

const TIMEOUT = { timeout: 60_000 };
const ROUNDS = 5;
const skip = process.platform === "linux" ? false : "reads /proc, which only Linux has";

/** Waits until the process catches SIGHUP, the last signal that the program asks for (proc(5), SigCgt). */
async function signalsHeld(child: ChildProcess): Promise<void> {
  await until("the program catches SIGHUP", () => {
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    const caught = BigInt(`0x${/^SigCgt:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
    return (caught & 1n) === 1n;
  });
}

describe("signals that come while the program starts", { skip }, () => {
  test(
    "SIGHUP and SIGUSR1 neither kill it nor open the debugger, and are carried out",
    TIMEOUT,
    async (t) => {
      for (let round = 0; round < ROUNDS; round++) {
        const program = startProgram(t, LOOPBACK_CONFIG);
        await signalsHeld(program.child);
        for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR1", "SIGHUP"] as const)
          program.child.kill(signal);
        await program.output(/main: nothing to reload/);
        assert.equal(await program.end("SIGTERM"), 0);
        assert.doesNotMatch(program.stderr, /Debugger|inspector/i);
      }
    },
  );

  test("SIGTERM ends it with code 0", TIMEOUT, async (t) => {
    for (let round = 0; round < ROUNDS; round++) {
      const program = startProgram(t, LOOPBACK_CONFIG);
      await signalsHeld(program.child);
      assert.equal(await program.end("SIGTERM"), 0);
      assert.match(program.stderr, /SIGTERM: stopping/);
    }
  });
});

/** A program that says which handler each signal reached. */
const LISTENING = `
  import { ProgramSignals } from ${JSON.stringify(new URL("./program-signals.js", import.meta.url).href)};
  setInterval(() => {}, 1000);
  const signals = ProgramSignals.hold();
  signals.onStop((s) => console.log("stop " + s));
  signals.onReload(() => console.log("reload"));
  console.log("up");`;

test("SIGUSR1 and SIGHUP reload, SIGTERM and SIGINT stop, a second stop ends at once with code 1", {
  ...TIMEOUT,
  skip: process.platform === "win32" && "signals are Unix's",
}, async (t) => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", LISTENING]);
  t.after(() => child.kill("SIGKILL"));
  const program = new ServingProgram(child);
  await program.output(/up\n/);
  child.kill("SIGUSR1");
  await program.output(/reload\n/);
  child.kill("SIGHUP");
  await program.output(/reload\nreload\n/);
  child.kill("SIGTERM");
  await program.output(/stop SIGTERM\n/);
  assert.equal(await program.end("SIGINT"), 1);
});

/** A program whose reload takes until a file exists. */
const SLOW_RELOAD = `
  import { existsSync } from "node:fs";
  import { ProgramSignals } from ${JSON.stringify(new URL("./program-signals.js", import.meta.url).href)};
  setInterval(() => {}, 1000);
  const signals = ProgramSignals.hold();
  signals.onStop(() => process.exit(0));
  signals.onReload(() => {
    process.stdout.write("reload\\n");
    while (!existsSync(process.env.DONE)) {}
  });
  console.log("up");`;

test("of many requests one reload runs and at most one waits, and a stop goes first", {
  ...TIMEOUT,
  skip: process.platform === "win32" && "signals are Unix's",
}, async (t) => {
  const done = join(temporaryFolder(t), "done");
  const child = spawn(process.execPath, ["--input-type=module", "-e", SLOW_RELOAD], {
    env: { ...process.env, DONE: done },
  });
  t.after(() => child.kill("SIGKILL"));
  const program = new ServingProgram(child);
  await program.output(/up\n/);
  child.kill("SIGHUP");
  await program.output(/reload\n/);
  for (let i = 0; i < 60; i++) child.kill(i % 2 === 0 ? "SIGHUP" : "SIGUSR1");
  child.kill("SIGTERM");
  writeFileSync(done, "");
  assert.equal(await program.ended(), 0);
  assert.match(program.stdout, /^up\n(reload\n){1,2}$/);
});

/** Ends a process that leads its group, with all that it started. */
function endGroup({ pid }: ChildProcess): void {
  try {
    process.kill(-Number(pid), "SIGKILL");
  } catch {
    // All of them have ended.
  }
}

test("npm hands SIGTERM on to the program that it started", {
  ...TIMEOUT,
  skip:
    (process.platform === "win32" || spawnSync("npm", ["--version"]).status !== 0) &&
    "needs npm and a shell of Unix",
}, async (t) => {
  const folder = temporaryFolder(t);
  const workspace = fileURLToPath(new URL("../../../package.json", import.meta.url));
  const { scripts } = JSON.parse(readFileSync(workspace, "utf8"));
  assert.match(scripts.start, /^exec node \S+$/, "a shell in between would keep the signal");
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ scripts: { start: scripts.start.replace(/\S+$/, PROGRAM) } }),
  );
  writeFileSync(join(folder, "c.toml"), LOOPBACK_CONFIG);
  const npm = spawn("npm", ["start", "--", "-c", "c.toml"], { cwd: folder, detached: true });
  t.after(() => endGroup(npm));
  const program = new ServingProgram(npm);
  await program.output(/Point clients at/);
  await program.end("SIGTERM");
  assert.match(program.stderr, /SIGTERM: stopping/);
  assert.match(program.stderr, /statistics of \d+ seconds/);
});
