import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { until } from "@swarmtide/test-kit";

const skip = process.platform === "linux" ? false : "processes are pinned with Linux' taskset";
const pinnedProcess = new URL("./pinned-process.js", import.meta.url).href;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("a bench that is told to stop takes its servers along", { skip }, async () => {
  const script = `import { pinned } from "${pinnedProcess}"; console.log(pinned(0, ["sleep", "60"]).pid);`;
  const bench = spawn(process.execPath, ["--input-type=module", "-e", script]);
  const [line] = await once(bench.stdout, "data");
  const pid = Number(String(line));
  assert.ok(isAlive(pid));
  bench.kill("SIGTERM");
  const [code] = await once(bench, "exit");
  assert.equal(code, 143);
  await until("the server has ended", () => !isAlive(pid));
});
