import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

/** A program that says which handler each signal reached. */
const SOURCE = `
  import { handleSignals } from ${JSON.stringify(new URL("./signals.js", import.meta.url).href)};
  setInterval(() => {}, 1000);
  handleSignals({ stop: (s) => console.log("stop " + s), reload: (s) => console.log("reload " + s) });
  console.log("up");`;

async function runWith(signals: readonly NodeJS.Signals[]) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", SOURCE]);
  const exited = once(child, "exit");
  let output = "";
  for await (const chunk of child.stdout) {
    output += chunk;
    const next = signals[output.split("\n").length - 2];
    if (next !== undefined) child.kill(next);
  }
  const [code] = await exited;
  return { output, code };
}

test("SIGUSR1 and SIGHUP reload, SIGTERM and SIGINT stop, a second stop ends at once", {
  skip: process.platform === "win32" && "signals are Unix's",
}, async () => {
  const { output, code } = await runWith(["SIGUSR1", "SIGHUP", "SIGUSR1", "SIGTERM", "SIGINT"]);
  assert.equal(output, "up\nreload SIGUSR1\nreload SIGHUP\nreload SIGUSR1\nstop SIGTERM\n");
  assert.equal(code, 1);
});
