import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ModuleConstants } from "./module-constants.ts";

/** What `hot.js` may use, of these modules of a package and the one called `other`. */
function visible(
  files: Readonly<Record<string, string>>,
  columns: Readonly<Record<string, number>> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "constants-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const constants = new ModuleConstants(
      new Map([["other", join(folder, "other.js")]]),
      new Map([[join(folder, "counters.js"), columns]]),
    );
    return Object.fromEntries(constants.visibleIn(join(folder, "hot.js")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("constants are followed through imports, other names and index modules", () => {
  const found = visible({
    "hot.js": 'import { A, LENGTH as WORDS } from "other";\nexport const OWN = A * WORDS;\n',
    "other.js": 'export { A } from "./a.js";\nexport { LONG as LENGTH } from "./a.js";\n',
    "a.js": "export const A = 3;\nexport const LONG = (1 << A) - 0x0f;\n",
  });
  assert.deepEqual(found, { A: 3, WORDS: -7, OWN: -21 });
});

test("what is not a whole number known without running the module is left out", () => {
  const found = visible({
    "hot.js": 'import { CALL, TEXT, SIZE, HALF, GONE, LIST } from "./a.js";\n',
    "a.js": [
      "export const CALL = f(3);",
      'export const TEXT = "3";',
      "export const SIZE = Int32Array.BYTES_PER_ELEMENT;",
      "export const HALF = 1 / 2;",
      "export const LIST = [1, 2];",
      "",
    ].join("\n"),
  });
  assert.deepEqual(found, {});
});

test("a circle of constants ends", () => {
  const found = visible({
    "hot.js": 'import { A } from "./a.js";\nexport const B = A + 1;\n',
    "a.js": 'import { B } from "./hot.js";\nexport const A = B + 1;\n',
  });
  assert.deepEqual(found, {});
});

test("columns of counters are what their module says", () => {
  const found = visible(
    {
      "hot.js": 'import { ANNOUNCES } from "./counters.js";\n',
      "counters.js": 'export const ANNOUNCES = table.counter("announces", "Announces.");\n',
    },
    { ANNOUNCES: 12 },
  );
  assert.deepEqual(found, { ANNOUNCES: 12 });
});
