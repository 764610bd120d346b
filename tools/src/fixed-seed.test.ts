/** Runs as every test does: through run-tests.ts, which has fixed-seed.ts imported first. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const preload = new URL("./fixed-seed.js", import.meta.url).href;
const folder = fileURLToPath(new URL(".", import.meta.url));

/** What a property of a test file is given, run with this SWARMTIDE_TEST_SEED. */
function valuesWith(seed: string | undefined): string {
  const place = mkdtempSync(join(folder, "seed-"));
  try {
    const file = join(place, "values.test.js");
    const property = "fc.property(fc.integer(), (value) => { console.log(value); })";
    writeFileSync(file, `import fc from "fast-check";\nfc.assert(${property}, { numRuns: 20 });\n`);
    const { SWARMTIDE_TEST_SEED: _, ...environment } = process.env;
    const env = seed === undefined ? environment : { ...environment, SWARMTIDE_TEST_SEED: seed };
    return execFileSync(process.execPath, ["--import", preload, file], {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } finally {
    rmSync(place, { recursive: true });
  }
}

test("properties get the same values in every run, unless a random seed is asked for", () => {
  const values = valuesWith(undefined);
  assert.equal(values.trim().split("\n").length, 20);
  assert.equal(valuesWith(undefined), values);
  assert.equal(valuesWith("1"), values);
  assert.notEqual(valuesWith("2"), values);
  assert.notEqual(valuesWith("random"), valuesWith("random"));
});

test("a seed that is no number is refused", () => {
  assert.throws(() => valuesWith("lucky"), /SWARMTIDE_TEST_SEED is "lucky"; expected a whole/);
});
