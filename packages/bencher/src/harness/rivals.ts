/**
 * Where the programs live that swarmtide is compared with, and how they get there. Nothing of theirs is in this
 * repository: aquatic comes from crates.io into a cache folder, others from npm and Debian; the floors are our own C files built
 * by the system's compiler.
 *
 * The cache folder is `$SWARMTIDE_RIVALS`, else `$XDG_CACHE_HOME/swarmtide/rivals`, else `~/.cache/swarmtide/rivals`.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const AQUATIC_VERSION = "0.9.0";

/** The programs of aquatic that the comparisons use; each is a crate of its own. */
export type AquaticProgram =
  | "aquatic_udp"
  | "aquatic_udp_load_test"
  | "aquatic_http"
  | "aquatic_http_load_test"
  | "aquatic_ws"
  | "aquatic_ws_load_test";

/**
 * How aquatic's own benchmark builds it (code for this machine's CPU), and link-time optimisation on top, so that nobody
 * has to ask whether the rival was given its best.
 */
const CRATE_BUILD = {
  RUSTFLAGS: "-C target-cpu=native",
  CARGO_PROFILE_RELEASE_LTO: "thin",
  CARGO_PROFILE_RELEASE_DEBUG: "0",
} as const;

/** Programs of ours in C: floors, servers that do what the kernel makes every server do and nothing else, and a load. */
const FLOOR_SOURCES = {
  "udp-echo": "../../src/protocols/udp/udp-echo.c",
  "http-epoll": "../../src/protocols/http/http-epoll.c",
  "udp-window": "../../src/xdp/udp-window.c",
} as const;

export type FloorName = keyof typeof FLOOR_SOURCES;

export const rivalsFolder = (): string =>
  process.env.SWARMTIDE_RIVALS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "swarmtide", "rivals");

/** Where aquatic's programs are; each cargo feature beside their defaults has a folder of its own. */
const aquaticFolder = (feature?: string): string =>
  join(rivalsFolder(), ["aquatic", AQUATIC_VERSION, ...(feature ? [feature] : [])].join("-"));

/** The path of an installed program of aquatic, whether or not it is there. */
export const aquaticProgram = (name: AquaticProgram, feature?: string): string =>
  join(aquaticFolder(feature), "bin", name);

/** Runs a build step with its output on our stderr; throws with the command when it fails. */
function run(command: string, args: readonly string[], env: Record<string, string> = {}): void {
  const result = spawnSync(command, args, {
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env },
  });
  if (result.error) throw new Error(`${command} does not start: ${result.error.message}`);
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with code ${result.status}`);
}

/**
 * Installs those of these programs that are not there. Takes minutes the first time. Without `--locked`:
 * the lock file published with 0.9.0 names a release of a dependency that a current Rust compiler refuses.
 */
export function installAquatic(...programs: readonly AquaticProgram[]): void {
  for (const name of programs) installAquaticWith(name);
}

/** The same for one program, built with a cargo feature beside its defaults. */
export function installAquaticWith(name: AquaticProgram, feature?: string): void {
  if (existsSync(aquaticProgram(name, feature))) return;
  const features = feature === undefined ? [] : ["--features", feature];
  installCrate(name, AQUATIC_VERSION, aquaticFolder(feature), features);
}

/** Builds a program of crates.io into a folder, for this machine's CPU and with link-time optimisation. */
export function installCrate(
  name: string,
  version: string,
  root: string,
  options: readonly string[] = [],
): void {
  console.error(`Installing ${[name, version, ...options].join(" ")} into ${root}`);
  const target = join(rivalsFolder(), "build");
  run(
    "cargo",
    [
      ...["install", name, "--version", version, "--root", root, ...options],
      ...["--target-dir", target, "--jobs", "2", "--quiet"],
    ],
    CRATE_BUILD,
  );
}

/** What a program prints, such as its version. */
export const outputOf = (command: readonly string[]): string =>
  spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8" }).stdout?.trim() ||
  "unknown version";

/** Installs an npm package into a folder beside the repository's dependencies; no install script of it runs. */
export function installPackage(folder: string, wanted: string): void {
  console.error(`Installing ${wanted} into ${folder}`);
  execFileSync(
    "npm",
    [
      ...["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund"],
      ...["--ignore-scripts", wanted],
    ],
    { stdio: ["ignore", 2, 2] },
  );
}

/**
 * A program of Debian's packages, unpacked into the cache folder: nothing is installed, no service starts, and it does
 * not take root. `packages` are the program's own and those of its libraries that a small system lacks.
 */
export function debianProgram(
  name: string,
  packages: readonly string[],
): { readonly command: readonly string[]; readonly version: string } {
  const folder = join(rivalsFolder(), `debian-${name}`);
  const root = join(folder, "root");
  const program = join(root, "usr", "bin", name);
  if (!existsSync(program)) {
    console.error(`Unpacking ${packages.join(", ")} of Debian into ${folder}`);
    mkdirSync(folder, { recursive: true });
    const archives = (): string[] => readdirSync(folder).filter((file) => file.endsWith(".deb"));
    for (const file of archives()) rmSync(join(folder, file));
    run("sh", ["-c", 'cd "$1" && shift && apt-get download -q "$@"', "sh", folder, ...packages]);
    for (const file of archives()) run("dpkg-deb", ["-x", join(folder, file), root]);
  }
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}_`)) ?? "";
  const libraries = [join(root, "usr", "lib"), join(root, "usr", "lib", debianTriplet())];
  return {
    command: ["env", `LD_LIBRARY_PATH=${libraries.join(":")}`, program],
    version: decodeURIComponent(file.split("_")[1] ?? "of unknown version"),
  };
}

/** The folder of libraries of this processor, such as x86_64-linux-gnu. */
const debianTriplet = (): string => `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;

/** The newest release of Node.js, from npm; installed where it is missing. */
export function newestNode(): string {
  const folder = join(dirname(rivalsFolder()), "node-newest");
  const program = join(folder, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (!existsSync(program)) installPackage(folder, `node-linux-${process.arch}@latest`);
  return program;
}

/** The system's C compiler, or undefined. */
export const cCompiler = (): string | undefined =>
  [process.env.CC, "cc", "gcc", "clang"].find(
    (name) => name && spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
  );

/** Compiles a floor into `folder` unless a newer build is there; returns the program's path. */
export function buildFloor(name: FloorName, folder: string = rivalsFolder()): string {
  const source = fileURLToPath(new URL(FLOOR_SOURCES[name], import.meta.url));
  const program = join(folder, name);
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  const compiler = cCompiler();
  if (!compiler)
    throw new Error(`${name} needs a C compiler: install one (Debian: apt-get install gcc)`);
  mkdirSync(folder, { recursive: true });
  run(compiler, ["-O2", "-march=native", "-Wall", "-Wextra", "-o", program, source]);
  return program;
}

/** One line that tells how a rival was built, for the result's header. */
export const aquaticBuildNote = (): string =>
  Object.entries(CRATE_BUILD)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(" ");
