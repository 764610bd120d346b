/**
 * Gives fast-check one seed for all properties of a test file, so that the same tests do the same in every run. `run-tests.ts`
 * has Node import it in front of each test file.
 *
 * SWARMTIDE_TEST_SEED is the seed: a number, 1 if it is not set, or "random" for another one in every run, which fast-check
 * prints with a failure. A property with a seed of its own keeps it.
 *
 * fast-check takes some 50 ms to load, and the configuration lies within its module: only files that import it pay.
 */
import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const DEFAULT_SEED = 1;

const usesFastCheck = (file: string | undefined): boolean => {
  if (file === undefined || !file.endsWith(".test.js")) return false;
  return readFileSync(file, "utf8").includes('from "fast-check"');
};

const wanted = process.env.SWARMTIDE_TEST_SEED ?? String(DEFAULT_SEED);
if (wanted !== "random" && isMainThread && usesFastCheck(process.argv[1])) {
  const seed = Number(wanted);
  if (!Number.isInteger(seed))
    throw new Error(`SWARMTIDE_TEST_SEED is "${wanted}"; expected a whole number or "random"`);
  const { default: fc } = await import("fast-check");
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
