import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOfSource } from "./check-layers.ts";

const layers = { layers: [["low"], ["mid", "twin"], ["high"]], dev: ["kit"], pure: ["mid"] };
const check = (path: string, text: string, declared: string[] = []) =>
  problemsOfSource(path, text, layers, new Set(declared));

test("an import from a lower layer that package.json declares is in order", () => {
  const text = 'import { a } from "@swarmtide/low";';
  assert.deepEqual(check("packages/high/src/a.ts", text, ["@swarmtide/low"]), []);
});

test("an import from the own or a higher layer is named", () => {
  const text = 'import { a } from "@swarmtide/twin";';
  assert.match(check("packages/mid/src/a.ts", text, ["@swarmtide/twin"])[0] ?? "", /layer 1/);
});

test("an undeclared import and one past the door are named", () => {
  const problems = check("packages/high/src/a.ts", 'import "@swarmtide/low/src/x.ts";');
  assert.match(problems.join("\n"), /past the door/);
  assert.match(problems.join("\n"), /missing in the package.json/);
});

test("tests import the kit, sources do not, and the kit imports everything", () => {
  const kit = 'import { until } from "@swarmtide/kit";';
  assert.deepEqual(check("packages/low/src/a.test.ts", kit, ["@swarmtide/kit"]), []);
  assert.deepEqual(check("packages/low/src/testing/a.ts", kit, ["@swarmtide/kit"]), []);
  assert.match(check("packages/high/src/a.ts", kit, ["@swarmtide/kit"])[0] ?? "", /layer 3/);
  const all = 'import { a } from "@swarmtide/high";';
  assert.deepEqual(check("packages/kit/src/a.ts", all, ["@swarmtide/high"]), []);
});

test("a pure package may not import node modules, its tests may", () => {
  const text = 'import { readFileSync } from "node:fs";';
  assert.equal(check("packages/mid/src/a.ts", text).length, 1);
  assert.equal(check("packages/mid/src/a.test.ts", text).length, 0);
});

test("hot code is free of closures, try, template strings and BigInt, in comments they are fine", () => {
  const path = "packages/low/src/hot/a.ts";
  assert.equal(check(path, "const f = () => 1;\ntry {\nconst s = `x`;\nconst n = 1n;").length, 4);
  assert.equal(
    check(path, "// a => b\n/* try\n `x` */\nconst s = 'x'; // hot-allow: why").length,
    0,
  );
});

test("a hot folder deeper in the source is held to the same rule", () => {
  assert.equal(check("packages/low/src/list/hot/a.ts", "const f = () => 1;").length, 1);
  assert.equal(check("packages/low/src/hotel/a.ts", "const f = () => 1;").length, 0);
});
