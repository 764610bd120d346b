/**
 * `npm run clients:install`: brings the real BitTorrent clients that the transfer tests drive, and nginx, as far as they are missing.
 *
 * Transmission, aria2 and nginx come from Debian (as root, or it says what to run), libtorrent from PyPI into a virtual
 * environment of its own: `$XDG_CACHE_HOME/swarmtide/clients/venv`, else `~/.cache/…` (packages/tracker/src/transfer
 * looks there). Networks hiccup, so every download has three tries.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const TRIES = 3;
const LIBTORRENT = "libtorrent==2.1.1";

/** The command whose absence tells that a Debian package is missing. */
const DEBIAN_PACKAGES: readonly (readonly [name: string, probe: readonly string[]])[] = [
  ["transmission-cli", ["transmission-cli", "--version"]],
  ["aria2", ["aria2c", "--version"]],
  ["nginx-light", ["nginx", "-v"]],
  ["openssl", ["openssl", "version"]],
  ["iproute2", ["ip", "-V"]],
  ["python3-venv", ["python3", "-c", "import venv, ensurepip"]],
];

const succeeds = ([command = "", ...args]: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

/** Runs a command, again after a pause when it fails; throws when the last try failed too. */
async function insist(...command: readonly string[]): Promise<void> {
  const [file = "", ...args] = command;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const result = spawnSync(file, args, {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    if (result.status === 0) return;
    const why = result.error?.message ?? `${result.stdout}${result.stderr}`.trim().slice(-2000);
    console.error(`${command.join(" ")} failed (try ${attempt} of ${TRIES}): ${why}`);
    if (attempt < TRIES) await delay(attempt * 5000);
  }
  throw new Error(`Could not run ${command.join(" ")}`);
}

async function installDebianPackages(): Promise<void> {
  const missing = DEBIAN_PACKAGES.filter(([, probe]) => !succeeds(probe)).map(([name]) => name);
  if (missing.length === 0) return;
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing];
  if (process.getuid?.() !== 0)
    throw new Error(
      `Missing: ${missing.join(", ")}. As root: apt-get update && ${install.join(" ")}`,
    );
  console.log(`Installing from Debian: ${missing.join(", ")}`);
  await insist("apt-get", "update");
  await insist(...install);
}

async function installLibtorrent(): Promise<void> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const venv = join(cache, "swarmtide", "clients", "venv");
  const python = join(venv, "bin", "python");
  if (existsSync(python) && succeeds([python, "-c", "import libtorrent"])) return;
  console.log(`Installing ${LIBTORRENT} into ${venv}`);
  await insist("python3", "-m", "venv", "--clear", venv);
  await insist(python, "-m", "pip", "install", "--quiet", LIBTORRENT);
  await insist(python, "-c", "import libtorrent");
}

try {
  await installDebianPackages();
  await installLibtorrent();
  console.log("clients: Transmission, aria2 and libtorrent are installed");
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
