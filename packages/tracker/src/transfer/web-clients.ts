/**
 * Where the clients of the WebTorrent transfer tests are: Debian's Chromium, and what `npm run clients:install` brings from
 * npm (webtorrent, playwright-core, @roamhq/wrtc) into a folder outside the workspace. Who runs them imports them from there.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const modules = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  "swarmtide/clients/web/node_modules",
);

/** A file of what was installed. */
export const webClientFile = (path: string): string => join(modules, path);

/** Why a client from npm cannot run here and how to get it, or undefined. */
export const webClientProblem = (...names: readonly string[]): string | undefined => {
  const missing = names.filter((name) => !existsSync(webClientFile(`${name}/package.json`)));
  return missing.length === 0
    ? undefined
    : `not installed from npm: ${missing.join(", ")} (npm run clients:install)`;
};

/** Why the browser cannot run here and how to get it, or undefined. */
export const chromiumProblem = (): string | undefined =>
  spawnSync("chromium", ["--version"]).status === 0
    ? undefined
    : "chromium is missing (Debian: apt-get install chromium)";
