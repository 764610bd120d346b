import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../testing/rule-check.ts";
import { problemsOfLayers } from "./layers.ts";

/** Problems of one source in a room that declares `declared`. */
const checkImports = (path: string, text: string, ...declared: string[]): string[] => {
  const dependencies = Object.fromEntries(declared.map((name) => [name, "0.1.0"]));
  const room = path.split("/")[1] ?? "";
  return check(problemsOfLayers, { [path]: text }, { [room]: { dependencies } });
};

test("an import from a lower layer that package.json declares is in order", () => {
  const text = 'import { a } from "@swarmtide/low";';
  assert.deepEqual(checkImports("packages/high/src/a.ts", text, "@swarmtide/low"), []);
});

test("an import from the own or a higher layer is named with its line", () => {
  const text = '\nimport { a } from "@swarmtide/twin";';
  assert.deepEqual(checkImports("packages/mid/src/a.ts", text, "@swarmtide/twin"), [
    'packages/mid/src/a.ts:2: "@swarmtide/twin" is of layer 1, mid of layer 1: a room imports lower layers only',
  ]);
});

test("an undeclared import and one past the door are named", () => {
  const problems = checkImports("packages/high/src/a.ts", 'import "@swarmtide/low/src/x.ts";');
  assert.match(problems.join("\n"), /past the door of low/);
  assert.match(problems.join("\n"), /missing in the dependencies of packages\/high/);
});

test("an import in a string, a comment or a type is told from one that is not", () => {
  const text = `// import "@swarmtide/high";
    const s = 'import "@swarmtide/high"';
    type T = typeof import("@swarmtide/high");`;
  assert.deepEqual(checkImports("packages/low/src/a.ts", text, "@swarmtide/high"), []);
  const dynamic = 'await import("@swarmtide/high");';
  assert.equal(checkImports("packages/low/src/a.ts", dynamic, "@swarmtide/high").length, 1);
});

test("a devDependency serves tests, and a source that imports it is named", () => {
  const text = 'import { a } from "@swarmtide/low";';
  const files = { "packages/high/src/a.ts": text, "packages/high/src/a.test.ts": text };
  const manifest = { devDependencies: { "@swarmtide/low": "0.1.0" } };
  const problems = check(problemsOfLayers, files, { high: manifest });
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? "", /src\/a\.ts:1: .* missing in the dependencies/);
});

test("tests import the kit, sources do not, and the kit imports everything", () => {
  const kit = 'import { until } from "@swarmtide/kit";';
  assert.deepEqual(checkImports("packages/low/src/a.test.ts", kit, "@swarmtide/kit"), []);
  assert.deepEqual(checkImports("packages/low/src/testing/a.ts", kit, "@swarmtide/kit"), []);
  assert.match(checkImports("packages/high/src/a.ts", kit, "@swarmtide/kit")[0] ?? "", /layer 3/);
  const all = 'import { a } from "@swarmtide/high";';
  assert.deepEqual(checkImports("packages/kit/src/a.ts", all, "@swarmtide/high"), []);
});

test("a pure room may not import node modules, its tests may", () => {
  const text = 'import { readFileSync } from "node:fs";';
  assert.equal(checkImports("packages/mid/src/a.ts", text).length, 1);
  assert.deepEqual(checkImports("packages/mid/src/a.test.ts", text), []);
});

test("a room without a layer and a name that says nothing are named", () => {
  assert.match(checkImports("packages/loft/src/a.ts", "")[0] ?? "", /"loft" has no layer/);
  assert.match(checkImports("packages/low/src/utils/a.ts", "")[0] ?? "", /"utils" says nothing/);
  assert.match(checkImports("packages/low/src/types.ts", "")[0] ?? "", /"types.ts" says nothing/);
});

test("a dev room imports those in front of it, and none imports one behind it", () => {
  const text = 'import { a } from "@swarmtide/kit";';
  assert.deepEqual(checkImports("packages/breaker/src/a.ts", text, "@swarmtide/kit"), []);
  const back = 'import { a } from "@swarmtide/breaker";';
  assert.equal(checkImports("packages/kit/src/a.ts", back, "@swarmtide/breaker").length, 1);
});
