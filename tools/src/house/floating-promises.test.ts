import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../testing/rule-check.ts";
import { problemsOfFloatingPromises } from "./floating-promises.ts";

const found = (lines: readonly string[], path = "packages/low/src/b.ts"): number[] =>
  check(problemsOfFloatingPromises, {
    "packages/low/src/a.ts": "export const later = async (): Promise<number> => 1;",
    [path]: ['import { later } from "./a.ts";', ...lines].join("\n"),
  }).map((problem) => Number(/:(\d+): a promise that nobody awaits/.exec(problem)?.[1]));

test("a promise that nobody awaits is named, wherever it comes from", () => {
  const lines = [
    "later();",
    "new Promise(() => {});",
    "Promise.all([later()]);",
    "declare const list: Map<string, Promise<void>>;",
    'list.get("x");',
    "later().finally(() => {});",
  ];
  assert.deepEqual(found(lines), [2, 3, 4, 6, 7]);
});

test("a promise that is awaited, kept, handled or meant is in order", () => {
  const lines = [
    "await later();",
    "void later();",
    "const kept = later();",
    "later().catch(() => {});",
    "later().then(() => {}, () => {});",
    "const passed = [later()];",
    "Math.max(1);",
  ];
  assert.deepEqual(found(lines), []);
});

test("a test's promise is kept by the runner", () => {
  const lines = [
    "declare function test(run: () => Promise<void>): Promise<void>;",
    "test(later as any);",
  ];
  assert.deepEqual(found(lines, "packages/low/src/b.test.ts"), []);
  assert.deepEqual(found(lines), [3]);
});
