import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../testing/rule-check.ts";
import { problemsOfIndexedAccess } from "./indexed-access.ts";

const text = "export const sum = (list: number[]): number =>\n  list[0] + 1;";

test("an element that may be missing is named outside of hot/, in tests too", () => {
  const found = check(problemsOfIndexedAccess, {
    "packages/low/src/a.ts": text,
    "packages/low/src/a.test.ts": text,
    "packages/low/src/hot/a.ts": text,
  });
  assert.deepEqual(found.sort(), [
    "packages/low/src/a.test.ts:2: TS2532: Object is possibly 'undefined'.",
    "packages/low/src/a.ts:2: TS2532: Object is possibly 'undefined'.",
  ]);
});
