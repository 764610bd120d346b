/**
 * Runs every compiled test of the workspace with Node's own test runner: `npm test`.
 *
 * Node 20 takes no glob patterns after `--test`, so the files are listed here. Arguments narrow the run: each one
 * is a part of a path (`npm test -- swarm` runs the tests whose path contains "swarm"), with `!` in front one that is left out.
 *
 * Node runs one file less at a time than there are cores: with more, tests of whole programs wait for each other's processor time.
 * SWARMTIDE_TEST_FILES_AT_ONCE sets another number; `.ci/run` does where nothing runs beside the tests. SWARMTIDE_TEST_SEED is
 * the seed of random tests (fixed-seed.ts).
 */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * For one file. Without it a test that fails and leaves a socket open holds its process, and the whole run, for ever. The
 * transfers of every real client, the longest, take 280 s on two busy cores.
 */
const FILE_MILLISECONDS_MAX = 900_000;

const root = fileURLToPath(new URL("../../", import.meta.url));
const filesAtOnce = process.env.SWARMTIDE_TEST_FILES_AT_ONCE;
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

const runner = spawn(
  process.execPath,
  [
    ...["--enable-source-maps", "--import", fixedSeed, "--test"],
    `--test-timeout=${FILE_MILLISECONDS_MAX}`,
    ...(filesAtOnce === undefined ? [] : [`--test-concurrency=${filesAtOnce}`]),
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...[`--test-reporter=${slowFiles}`, "--test-reporter-destination=stdout"],
    ...files,
  ],
  { cwd: root, stdio: "inherit" },
);
runner.on("exit", (code) => process.exit(code ?? 1));
