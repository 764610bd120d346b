/**
 * Where the programs live that swarmtide is compared with, and how they get there. Nothing of theirs is in this
 * repository: aquatic comes from crates.io into a cache folder, the floor is our own C file built by the system's compiler.
 *
 * The cache folder is `$SWARMTIDE_RIVALS`, else `$XDG_CACHE_HOME/swarmtide/rivals`, else `~/.cache/swarmtide/rivals`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const AQUATIC_VERSION = "0.9.0";

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
const AQUATIC_BUILD = {
  RUSTFLAGS: "-C target-cpu=native",
  CARGO_PROFILE_RELEASE_LTO: "thin",
  CARGO_PROFILE_RELEASE_DEBUG: "0",
} as const;

export const floorSource = fileURLToPath(new URL("../src/floor/udp-echo.c", import.meta.url));

export const rivalsFolder = (): string =>
  process.env.SWARMTIDE_RIVALS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "swarmtide", "rivals");

/** The path of an installed program of aquatic, whether or not it is there. */
export const aquaticProgram = (name: AquaticProgram): string =>
  join(rivalsFolder(), `aquatic-${AQUATIC_VERSION}`, "bin", name);

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
  const missing = programs.filter((name) => !existsSync(aquaticProgram(name)));
  if (missing.length === 0) return;
  console.error(`Installing ${missing.join(" and ")} ${AQUATIC_VERSION} into ${rivalsFolder()}`);
  const root = join(rivalsFolder(), `aquatic-${AQUATIC_VERSION}`);
  const target = join(rivalsFolder(), "build");
  for (const name of missing)
    run(
      "cargo",
      [
        ...["install", name, "--version", AQUATIC_VERSION, "--root", root],
        ...["--target-dir", target, "--jobs", "2", "--quiet"],
      ],
      AQUATIC_BUILD,
    );
}

/** The system's C compiler, or undefined. */
export const cCompiler = (): string | undefined =>
  [process.env.CC, "cc", "gcc", "clang"].find(
    (name) => name && spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
  );

/** Compiles the floor into `folder` unless a newer build is there; returns the program's path. */
export function buildFloor(folder: string = rivalsFolder()): string {
  const program = join(folder, "udp-echo");
  if (existsSync(program) && statSync(program).mtimeMs > statSync(floorSource).mtimeMs)
    return program;
  const compiler = cCompiler();
  if (!compiler)
    throw new Error("The floor needs a C compiler: install one (Debian: apt-get install gcc)");
  mkdirSync(folder, { recursive: true });
  run(compiler, ["-O2", "-march=native", "-Wall", "-Wextra", "-o", program, floorSource]);
  return program;
}

/** One line that tells how a rival was built, for the result's header. */
export const aquaticBuildNote = (): string =>
  Object.entries(AQUATIC_BUILD)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(" ");
