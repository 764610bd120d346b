import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../testing/rule-check.ts";
import { problemsOfDeadExports } from "./dead-exports.ts";

const a = "packages/low/src/a.ts";
const door = "packages/low/src/index.ts";
const found = (files: Readonly<Record<string, string>>): string[] =>
  check(problemsOfDeadExports, files);

test("an export that nobody uses, or only its own tests, is named", () => {
  const text = "export const one = 1;\nexport function two() {}\nexport class Three {}";
  const ownTest = 'import { two } from "./a.ts"; two();';
  assert.deepEqual(found({ [a]: text, "packages/low/src/a.test.ts": ownTest }), [
    `${a}:1: "one" is used by nobody`,
    `${a}:2: "two" is used by its own tests only`,
    `${a}:3: "Three" is used by nobody`,
  ]);
});

test("an export that another source of the room uses is alive", () => {
  const user = 'import { one as uno, type Two } from "./a.ts"; uno satisfies Two;';
  const text = "export const one = 1;\nexport type Two = number;";
  assert.deepEqual(found({ [a]: text, "packages/low/src/b.ts": user }), []);
});

test("the door alone does not make a value live, another room behind it does", () => {
  const text = "export const one = 1, two = 2;";
  const files = { [a]: text, [door]: 'export { one, two } from "./a.ts";' };
  const stranger = 'import { one } from "@swarmtide/low"; one;';
  assert.deepEqual(found({ ...files, "packages/high/src/b.ts": stranger }), [
    `${a}:1: "two" is used by nobody`,
  ]);
  const starred = {
    ...files,
    [door]: 'export * from "./a.ts";',
    "packages/high/src/b.ts": stranger,
  };
  assert.deepEqual(found(starred), [`${a}:1: "two" is used by nobody`]);
});

test("a namespace that another room imports keeps what is in it alive", () => {
  const files = { [a]: "export const one = 1;", [door]: 'export * as low from "./a.ts";' };
  assert.deepEqual(found(files), [`${a}:1: "one" is used by nobody`]);
  const stranger = 'import { low } from "@swarmtide/low"; low.one;';
  assert.deepEqual(found({ ...files, "packages/high/src/b.ts": stranger }), []);
});

test("a test of another room counts as a user", () => {
  const files = { [a]: "export const one = 1;", [door]: 'export { one } from "./a.ts";' };
  const stranger = 'import { one } from "@swarmtide/low"; one;';
  assert.deepEqual(found({ ...files, "packages/high/src/b.test.ts": stranger }), []);
});

test("types that a door or their own file shows are free", () => {
  const text =
    "export interface Options { x: 1 }\nexport interface Shown {}\nconst o: Options = { x: 1 };";
  assert.deepEqual(found({ [a]: text, [door]: 'export type { Shown } from "./a.ts";' }), []);
});

test("a value used inside needs its export only for a test", () => {
  const text = "export const one = 1;\nconst two = one;";
  assert.deepEqual(found({ [a]: text }), [`${a}:1: "one" is exported, but nobody imports it`]);
  const ownTest = 'import { one } from "./a.ts"; one;';
  assert.deepEqual(found({ [a]: text, "packages/low/src/a.test.ts": ownTest }), []);
});

test("the tracker's door is the public face of the library", () => {
  const path = "packages/tracker/src/start.ts";
  const files = { [path]: "export const start = 1, other = 2;" };
  const shown = {
    ...files,
    "packages/tracker/src/index.ts": 'export { start } from "./start.ts";',
  };
  assert.deepEqual(found(shown), [`${path}:1: "other" is used by nobody`]);
});
