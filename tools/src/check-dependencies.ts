/**
 * `npm run dependencies:check`: holds every package of the lockfiles to `tools/dependency-policy.json` (licence, no install
 * script, integrity, not deprecated), and asks the registry for advisories with `npm audit`. A registry that serves no
 * advisories is told and not an error, unless SWARMTIDE_REQUIRE_ADVISORIES=1.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type AuditReport,
  type DependencyPolicy,
  type Lockfile,
  lockedPackages,
  objections,
  openAdvisories,
} from "./dependencies/policy.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The workspace ships; what drives browsers in the transfer tests does not. */
const FOLDERS = [
  { folder: "", isShipped: true },
  { folder: "tools/web-clients/", isShipped: false },
];

const readJson = (path: string) => JSON.parse(readFileSync(ROOT + path, "utf8"));
const policy: DependencyPolicy = readJson("tools/dependency-policy.json");
const problems: string[] = [];

function audit(folder: string): AuditReport {
  const { stdout } = spawnSync("npm", ["audit", "--json", "--package-lock-only"], {
    cwd: ROOT + folder,
    encoding: "utf8",
  });
  try {
    return JSON.parse(stdout);
  } catch {
    return { message: "npm audit printed no report" };
  }
}

for (const { folder, isShipped } of FOLDERS) {
  const lockfile: Lockfile = readJson(`${folder}package-lock.json`);
  const packages = lockedPackages(lockfile).map((one) =>
    isShipped ? one : { ...one, isDevelopment: true },
  );
  problems.push(...objections(packages, policy).map((text) => `${folder}${text}`));
  const shipped = packages.filter(({ isDevelopment }) => !isDevelopment).length;
  console.log(
    `dependencies: ${folder}package-lock.json: ${packages.length} packages, of which ${shipped} ship`,
  );
  const report = audit(folder);
  if (report.vulnerabilities !== undefined) {
    const open = openAdvisories(report, policy);
    problems.push(...open.map((text) => `${folder}${text}`));
    console.log(`dependencies: ${open.length} open advisories`);
  } else {
    const text = `advisories not checked: the registry answers "${report.message ?? "nothing"}"`;
    console.log(`dependencies: ${text}`);
    if (process.env.SWARMTIDE_REQUIRE_ADVISORIES === "1") problems.push(text);
  }
}

for (const problem of problems) console.error(`dependencies: ${problem}`);
console.log(
  problems.length === 0 ? "dependencies: in order" : `dependencies: ${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
