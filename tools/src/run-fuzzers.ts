/**
 * Runs every fuzzer of the workspace, one after the other: `npm run fuzz -- --runs 10000000 --seed 7`. Arguments besides
 * narrow the run: each is a part of a path. Prints what each reports and ends with code 1 at the first that fails.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Each takes the number of messages and a seed. */
const FUZZERS = [
  "packages/http-protocol/dist/testing/fuzz.js",
  "packages/udp/dist/testing/fuzz-handler.js",
  "packages/ws-protocol/dist/testing/fuzz.js",
  "packages/ws/dist/testing/fuzz.js",
  "packages/ws/dist/testing/fuzz-nodes.js",
  "packages/snapshot/dist/testing/fuzz.js",
  "packages/handover/dist/testing/fuzz.js",
  "packages/cluster/dist/testing/fuzz.js",
];

const { values, positionals } = parseArgs({
  options: {
    runs: { type: "string", default: "10000000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
  },
  allowPositionals: true,
});
const { runs, seed } = values;
if (!/^[1-9][0-9]*$/.test(runs) || !/^[1-9][0-9]*$/.test(seed)) {
  console.error(`--runs ${runs} --seed ${seed}: expected whole numbers above 0`);
  process.exit(2);
}
for (const fuzzer of FUZZERS) {
  if (positionals.length > 0 && !positionals.some((part) => fuzzer.includes(part))) continue;
  console.log(`${fuzzer} ${runs} ${seed}`);
  const start = performance.now();
  const run = spawnSync(process.execPath, [fuzzer, runs, seed], { cwd: ROOT, stdio: "inherit" });
  if (run.status !== 0) process.exit(1);
  console.log(`nothing found in ${Math.round((performance.now() - start) / 1000)} s`);
}
