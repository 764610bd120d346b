/**
 * `npm run packages:check`: packs every publishable package, installs the tarballs into an empty project and uses them there, on
 * this Node and on every other whose path is given. What npm would publish is what is checked, not what lies in the folders.
 *
 * Checked: README, LICENSE, types, repository and keywords are there; no tests, fixtures or build leftovers; no dependency on a
 * private package; every package can be imported and type-checked; the program prints its version and configuration,
 * serves, announces to itself and stops; packing twice gives the same bytes.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];
/** What has no place in a package. */
const LEFTOVERS =
  /(^|\/)(testing|testdata|bench|transfer|node_modules)\/|\.test\.|\.tsbuildinfo|(^|\/)tsconfig/;

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly keywords?: readonly string[];
  readonly repository?: { readonly directory?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const problems: string[] = [];
const complain = (text: string) => {
  problems.push(text);
  console.error(`packages: ${text}`);
};

/** Runs a command to its end; throws with what it printed where it fails. */
function run(cwd: string, file: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return stdout;
}

function readManifests(): { folder: string; manifest: Manifest }[] {
  const packages = join(ROOT, "packages");
  return readdirSync(packages).map((name) => {
    const folder = join(packages, name);
    return { folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) };
  });
}

const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

function pack(folder: string, destination: string): Packed {
  mkdirSync(destination, { recursive: true });
  const printed = run(folder, "npm", "pack", "--json", "--pack-destination", destination, ...QUIET);
  const [packed]: Packed[] = JSON.parse(printed);
  if (packed === undefined) throw new Error(`npm pack packed nothing in ${folder}`);
  return packed;
}

function checkContents(manifest: Manifest, { files }: Packed, privates: ReadonlySet<string>): void {
  const { name, keywords = [], repository, dependencies = {} } = manifest;
  const paths = files.map(({ path }) => path);
  for (const wanted of ["README.md", "LICENSE", "dist/index.js", "dist/index.d.ts"])
    if (!paths.includes(wanted)) complain(`${name} has no ${wanted}`);
  for (const path of paths.filter((one) => LEFTOVERS.test(one)))
    complain(`${name} contains ${path}`);
  if (keywords.length === 0) complain(`${name} has no keywords`);
  if (repository?.directory === undefined) complain(`${name} names no repository with a directory`);
  for (const dependency of Object.keys(dependencies).filter((one) => privates.has(one)))
    complain(`${name} depends on ${dependency}, which is private`);
}

/** An empty project with every tarball installed, as npm does it by default: without install scripts. */
function installAll(tarballs: readonly string[]): string {
  const project = mkdtempSync(join(tmpdir(), "swarmtide-packages-"));
  const manifest = { name: "empty", version: "1.0.0", private: true, type: "module" };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  run(project, "npm", "install", "--ignore-scripts", ...QUIET, ...tarballs);
  return project;
}

function checkTypes(project: string, names: readonly string[]): void {
  const imports = names.map((name, at) => `import * as package${at} from "${name}";\n`);
  const uses = names.map((_, at) => `console.log(Object.keys(package${at}).length > 0);\n`);
  writeFileSync(join(project, "uses.ts"), [...imports, ...uses].join(""));
  cpSync(join(ROOT, "node_modules/@types/node"), join(project, "node_modules/@types/node"), {
    recursive: true,
  });
  cpSync(join(ROOT, "node_modules/undici-types"), join(project, "node_modules/undici-types"), {
    recursive: true,
  });
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  run(
    project,
    tsc,
    "--noEmit",
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--types",
    "node",
    "uses.ts",
  );
}

/** Serves on loopback, is announced to, stops. */
async function checkProgram(project: string, node: string): Promise<void> {
  const bin = join(project, "node_modules/swarmtide/bin/swarmtide.js");
  const version = run(project, node, bin, "--version");
  if (!/^swarmtide \d+\.\d+\.\d+\n$/.test(version)) complain(`--version printed ${version}`);
  const config = join(project, "swarmtide.toml");
  const loopback =
    '[udp]\naddress_ipv4 = "127.0.0.1:0"\nuse_ipv6 = false\n[web]\naddress_ipv4 = "127.0.0.1:0"\nuse_ipv6 = false\n';
  writeFileSync(config, loopback);
  const tracker = spawn(node, [bin, "--config", config], {
    ...{ cwd: project, stdio: ["ignore", "pipe", "inherit"] as const },
  });
  const ended = once(tracker, "close");
  let printed = "";
  for await (const chunk of tracker.stdout) {
    printed += String(chunk);
    if (printed.includes("Point clients")) break;
  }
  const [, url] = /(udp:\/\/127\.0\.0\.1:\d+)/.exec(printed) ?? [];
  if (url === undefined) throw new Error(`the installed program did not start:\n${printed}`);
  const hash = "0123456789abcdef0123456789abcdef01234567";
  const answer = run(project, node, bin, "announce", url, hash, "--left", "0");
  if (!answer.includes("1 seeders"))
    complain(`an announce to the installed program printed ${answer}`);
  tracker.kill("SIGTERM");
  const [code] = await ended;
  if (code !== 0) complain(`the installed program ended with code ${code} on SIGTERM`);
}

async function main(nodes: readonly string[]): Promise<void> {
  const manifests = readManifests();
  const privates = new Set(
    manifests.filter((one) => one.manifest.private).map((one) => one.manifest.name),
  );
  const work = mkdtempSync(join(tmpdir(), "swarmtide-tarballs-"));
  const published = manifests.filter((one) => !one.manifest.private);
  const tarballs = published.map(({ folder, manifest }) => {
    const packed = pack(folder, join(work, "first"));
    checkContents(manifest, packed, privates);
    const again = pack(folder, join(work, "second"));
    const tarball = join(work, "first", packed.filename);
    if (sha256(tarball) !== sha256(join(work, "second", again.filename)))
      complain(`${manifest.name} packs to other bytes the second time`);
    console.log(
      `${manifest.name}: ${packed.files.length} files, ${Math.ceil(packed.unpackedSize / 1024)} KiB`,
    );
    return tarball;
  });
  const project = installAll(tarballs);
  const names = published.map(({ manifest }) => manifest.name);
  checkTypes(project, names);
  for (const node of nodes) {
    for (const name of names)
      run(project, node, "--input-type=module", "-e", `await import("${name}")`);
    await checkProgram(project, node);
    console.log(
      `${names.length} packages import and the program serves on Node ${run(project, node, "--version").trim()}`,
    );
  }
  rmSync(work, { recursive: true });
  rmSync(project, { recursive: true });
}

await main([process.execPath, ...process.argv.slice(2)]);
if (problems.length > 0) process.exitCode = 1;
