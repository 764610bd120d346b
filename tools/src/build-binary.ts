/**
 * `npm run build:binary -- [--node PATH] [--arch x64|arm64] [--output FILE]`: the program `swarmtide` as one executable that needs no
 * Node, made by `node --build-sea` (nodejs.org/api/single-executable-applications.html) of Node 26 or newer.
 *
 * esbuild makes one text of the main thread's modules and one of each worker's. `import.meta.url` becomes a URL that names the
 * module inside the executable, so that files beside a module are found there (packages/runtime/src/program-files.ts), and
 * packages/linux calls the kernel through node:ffi, since koffi's binary cannot be loaded out of another file.
 *
 * Without --node the newest Node comes from npm into the cache folder; with --arch another processor's is put inside.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, type Plugin } from "esbuild";
import { elfMachineOf } from "./elf-machine.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const OUTPUT_FOLDER = join(ROOT, "dist");
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "swarmtide");
const MAIN = "packages/tracker/dist/bin.js";
/** Modules that `workerModule` names. */
const WORKERS = [
  "packages/udp/dist/worker.js",
  "packages/tcp/dist/worker.js",
  "packages/snapshot/dist/snapshot-worker.js",
  "packages/cluster/dist/cluster-worker.js",
  "packages/tracker/dist/services/cleaning/cleaning-worker.js",
];
/** Files that are read at run time, beside the folders of the page. */
const FILES = [
  "packages/tracker/package.json",
  "packages/statistics/dist/api-shape.js",
  "packages/statistics/dist/api-history.js",
  "node_modules/uplot/dist/uPlot.iife.min.js",
  "node_modules/uplot/dist/uPlot.min.css",
];
const FOLDERS = ["packages/statistics/page", "packages/statistics/dist/page"];

/** CommonJS packages ask for built-in modules with `require`, which a module does not have. */
const REQUIRE = `import { createRequire as createRequireOfNode } from "node:module";
const require = createRequireOfNode("/");`;

/** Gives each module of ours the URL that it has inside the executable. */
const namesModules: Plugin = {
  name: "module names",
  setup({ onLoad }) {
    onLoad({ filter: /packages\/[^/]+\/dist\/.*\.js$/ }, ({ path }) => {
      const url = JSON.stringify(`swarmtide:/${relative(ROOT, path)}`);
      return { contents: readFileSync(path, "utf8").replaceAll("import.meta.url", url) };
    });
  },
};

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    ...{ entryPoints: [join(ROOT, entry)], bundle: true, write: false },
    ...{ platform: "node", format: "esm", target: "node26", logLevel: "warning" },
    ...{ plugins: [namesModules], banner: { js: REQUIRE } },
  });
  return outputFiles[0]?.text ?? "";
}

/** The newest Node for a processor, out of npm. */
function newestNode(arch: string): string {
  const name = `node-linux-${arch}`;
  const folder = join(CACHE, arch === "x64" ? "node-newest" : `node-newest-${arch}`);
  const options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--force"];
  execFileSync("npm", ["install", "--prefix", folder, ...options, `${name}@latest`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return join(folder, "node_modules", name, "bin/node");
}

const { values } = parseArgs({
  options: {
    node: { type: "string" },
    arch: { type: "string", default: process.arch },
    output: { type: "string", default: join(OUTPUT_FOLDER, "swarmtide") },
  },
});
const builder = values.node ?? newestNode(process.arch);
const executable = values.arch === process.arch ? undefined : newestNode(values.arch);
const work = join(OUTPUT_FOLDER, "parts");
mkdirSync(work, { recursive: true });

const assets: Record<string, string> = {};
for (const worker of WORKERS) {
  assets[worker] = join(work, worker.replaceAll("/", "-"));
  writeFileSync(assets[worker], await bundle(worker));
}
const inFolders = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
);
for (const file of [...FILES, ...inFolders.filter((name) => !/\.(test\.js|d\.ts|map)$/.test(name))])
  assets[file] = join(ROOT, file);
const main = join(work, "main.mjs");
writeFileSync(main, await bundle(MAIN));
const config = join(work, "sea.json");
const output = resolve(values.output);
writeFileSync(
  config,
  JSON.stringify({
    ...{ main, mainFormat: "module", output, assets, disableExperimentalSEAWarning: true },
    // --disable-sigusr1 does not belong here: given this way, Node 26.10 keeps SIGUSR1 from the program, too.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    ...(executable === undefined ? {} : { executable }),
  }),
);
execFileSync(builder, ["--build-sea", config], { stdio: "inherit" });
chmodSync(output, 0o755);
const machine = elfMachineOf(readFileSync(output));
if (machine !== values.arch)
  throw new Error(
    `${output} is for ${machine}, expected ${values.arch}; remove ${CACHE} and build again`,
  );
const mebibytes = Math.round(statSync(output).size / 2 ** 20);
const version = execFileSync(builder, ["--version"], { encoding: "utf8" }).trim();
console.log(`${output}: ${mebibytes} MiB, ${values.arch}, Node ${version}`);
