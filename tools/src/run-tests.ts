/**
 * Runs every compiled test of the workspace with Node's own test runner: `npm test`.
 *
 * Node 20 takes no glob patterns after `--test`, so the files are listed here. Arguments narrow the run: each one
 * is a part of a path (`npm test -- swarm` runs the tests whose path contains "swarm"), with `!` in front one that is left out.
 *
 * Several files run at a time: one less than there are cores, but two at least, since most of them wait for processes and timers.
 * Those of `alone.ts` follow one by one: they count on processor time. SWARMTIDE_TEST_FILES_AT_ONCE sets another number.
 * SWARMTIDE_TEST_SEED is the seed of random tests (fixed-seed.ts).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { runsAlone } from "./alone.ts";

/**
 * For one file. Without it a test that fails and leaves a socket open holds its process, and the whole run, for ever. The
 * transfers of every real client, the longest, take 280 s on two busy cores.
 */
const FILE_MILLISECONDS_MAX = 900_000;

const root = fileURLToPath(new URL("../../", import.meta.url));
const filesAtOnce =
  process.env.SWARMTIDE_TEST_FILES_AT_ONCE ?? Math.max(2, availableParallelism() - 1);
const slowFiles = new URL("./slow-files.js", import.meta.url).href;
const fixedSeed = new URL("./fixed-seed.js", import.meta.url).href;

const testFilesIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.js"))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));

const distFolders = [
  ...readdirSync(join(root, "packages")).map((name) => join(root, "packages", name, "dist")),
  join(root, "tools", "dist"),
];
const wanted = process.argv.slice(2).filter((part) => !part.startsWith("!"));
const unwanted = process.argv
  .slice(2)
  .flatMap((part) => (part.startsWith("!") ? [part.slice(1)] : []));
const files = distFolders
  .flatMap((folder) => testFilesIn(folder))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .filter((file) => !unwanted.some((part) => file.includes(part)))
  .sort();

if (files.length === 0) {
  console.error(
    `No test file matches ${wanted.map((part) => `"${part}"`).join(", ") || "the tree"}`,
  );
  process.exit(1);
}

/** Whether every test of these files passed. */
async function run(some: readonly string[], atOnce: number | string): Promise<boolean> {
  if (some.length === 0) return true;
  const runner = spawn(
    process.execPath,
    [
      ...["--enable-source-maps", "--import", fixedSeed, "--test"],
      ...[`--test-timeout=${FILE_MILLISECONDS_MAX}`, `--test-concurrency=${atOnce}`],
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...[`--test-reporter=${slowFiles}`, "--test-reporter-destination=stdout"],
      ...some,
    ],
    { cwd: root, stdio: "inherit" },
  );
  const [code] = await once(runner, "exit");
  return code === 0;
}

const together = files.filter((file) => !runsAlone(file));
const oneByOne = files.filter((file) => runsAlone(file));
const passed = [await run(together, filesAtOnce), await run(oneByOne, 1)];
process.exit(passed.includes(false) ? 1 : 0);
