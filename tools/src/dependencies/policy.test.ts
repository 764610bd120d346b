import assert from "node:assert/strict";
import { test } from "node:test";
import { type DependencyPolicy, lockedPackages, objections, openAdvisories } from "./policy.ts";

const policy: DependencyPolicy = {
  shippedLicences: ["MIT", "Apache-2.0"],
  developmentLicences: ["MPL-2.0"],
  licences: { odd: "reason" },
  installScripts: { builder: "reason" },
  deprecated: { old: "reason" },
  advisories: { 7: "reason" },
};

const entry = { version: "1.0.0", license: "MIT", integrity: "sha512-x" };
const objectionsTo = (packages: Record<string, object>) =>
  objections(lockedPackages({ packages }), policy);

test("a package with an allowed licence, an integrity and no script is in order; folders of ours are not asked", () => {
  assert.deepEqual(
    objectionsTo({
      "": { version: "1.0.0" },
      "packages/ours": { version: "1.0.0" },
      "node_modules/ours": { link: true },
      "node_modules/a": entry,
      "node_modules/a/node_modules/@b/c": { ...entry, license: "(GPL-3.0-only OR Apache-2.0)" },
    }),
    [],
  );
});

test("a licence that is not allowed, not named or not SPDX is objected to; development may have more", () => {
  const found = objectionsTo({
    "node_modules/gpl": { ...entry, license: "GPL-3.0-only" },
    "node_modules/both": { ...entry, license: "MIT AND GPL-3.0-only" },
    "node_modules/none": { ...entry, license: undefined },
    "node_modules/see": { ...entry, license: "SEE LICENSE IN LICENSE.txt" },
    "node_modules/mpl": { ...entry, license: "MPL-2.0" },
    "node_modules/odd": { ...entry, license: "BSD" },
    "node_modules/tool": { ...entry, license: "MPL-2.0", dev: true },
  });
  assert.deepEqual(
    found.map((line) => line.split(";")[0]),
    [
      "gpl@1.0.0: licence GPL-3.0-only",
      "both@1.0.0: licence MIT AND GPL-3.0-only",
      "none@1.0.0: licence not named",
      "see@1.0.0: licence SEE LICENSE IN LICENSE.txt",
      "mpl@1.0.0: licence MPL-2.0",
    ],
  );
});

test("install scripts, missing integrity and deprecation are objected to unless the policy has a reason", () => {
  assert.deepEqual(
    objectionsTo({
      "node_modules/scripted": { ...entry, hasInstallScript: true },
      "node_modules/builder": { ...entry, hasInstallScript: true },
      "node_modules/loose": { ...entry, integrity: undefined },
      "node_modules/gone": { ...entry, deprecated: "use another" },
      "node_modules/old": { ...entry, deprecated: "use another" },
    }),
    [
      "scripted@1.0.0: has an install script; packages must work without",
      "loose@1.0.0: has no integrity in the lockfile",
      "gone@1.0.0: is deprecated: use another",
    ],
  );
});

test("each advisory is told once, where it lies, unless the policy has a reason", () => {
  const advisory = { source: 5, title: "reads too much", severity: "high", url: "u" };
  const report = {
    vulnerabilities: {
      deep: { via: [advisory, { ...advisory, source: 7 }] },
      upper: { via: ["deep"] },
    },
  };
  assert.deepEqual(openAdvisories(report, policy), ["deep: high: reads too much (u, 5)"]);
  assert.deepEqual(openAdvisories({ message: "405" }, policy), []);
});
