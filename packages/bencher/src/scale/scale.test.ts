import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "@swarmtide/test-kit";
import { GROUPS } from "./steps.ts";

const program = fileURLToPath(new URL("./scale.js", import.meta.url));
const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });

test("the steps go from a thousand to ten million torrents, a million peers, 20,000 connections and two workers", () => {
  const ends = Object.entries(GROUPS).map(([group, steps]) => {
    const sizes = steps.map(({ size }) => size);
    return [group, sizes.at(0), sizes.at(-1)];
  });
  assert.deepEqual(ends, [
    ["torrents", 1e3, 1e7],
    ["swarm", 1e3, 1e6],
    ["connections-idle", 1e3, 2e4],
    ["connections-busy", 1e3, 2e4],
    ["workers", 1, 2],
  ]);
  for (const { config, warmupSeconds } of Object.values(GROUPS).flat()) {
    const duration = Number(/^duration = (\d+)$/m.exec(config(7))?.[1]);
    assert.ok(duration > warmupSeconds + 2, `${duration} s`);
    assert.match(config(7), /^server_address = "127\.0\.0\.1:7"$/m);
  }
});

test("tables are medians of the runs of a step", (context) => {
  const figures = (responsesPerSecond: number) => ({
    ...{ responsesPerSecond, serverBusy: 1, p50: 5, p99: 9, lost: 0, residentBytes: 3 * 2 ** 20 },
  });
  const step = (rate: number) => ({
    ...{ group: "torrents", label: "1,000", emptyBytes: 2 ** 20, sharesCpu: false },
    figures: figures(rate),
  });
  const file = join(temporaryFolder(context), "scale.json");
  const steps = [step(100_000), step(300_000), step(200_000)];
  writeFileSync(file, JSON.stringify({ machine: "a machine", date: "2026-11-25", steps }));
  const { stdout } = run("--render", file);
  assert.match(stdout, /^2026-11-25, a machine\n/);
  assert.match(stdout, /\| 1,000 +\| +200,000 \| +5\.00 \| +5 \| +9 \| +2\.0 \| +0 \| +3 \|/);
});

test("a group that is not known is refused with those that are", () => {
  const { status, stderr } = run("--only", "sizes");
  assert.equal(status, 2);
  assert.match(
    stderr,
    /--only: "sizes" is not known\nusage: [\s\S]*torrents,swarm,connections-idle/,
  );
});
