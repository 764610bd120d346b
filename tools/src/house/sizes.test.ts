import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../testing/rule-check.ts";
import { problemsOfSizes } from "./sizes.ts";

const lines = (count: number): string => "let a;\n".repeat(count);
const inFile = (text: string, path = "packages/low/src/a.ts"): string[] =>
  check(problemsOfSizes, { [path]: text });

test("a file of 300 lines is in order, one of 301 is not, be it a test", () => {
  assert.deepEqual(inFile(lines(300)), []);
  assert.deepEqual(inFile(lines(301), "packages/low/src/a.test.ts"), [
    "packages/low/src/a.test.ts:1: 301 lines, at most 300 are allowed",
  ]);
});

test("a function of 60 lines is in order, one of 61 is not, whatever its form", () => {
  assert.deepEqual(inFile(`function f() {\n${lines(58)}}`), []);
  const tooLong = (head: string, foot: string) => inFile(`\n${head}\n${lines(59)}${foot}`);
  const expected = ["packages/low/src/a.ts:2: a function of 61 lines, at most 60 are allowed"];
  assert.deepEqual(tooLong("function f() {", "}"), expected);
  assert.deepEqual(tooLong("const f = () => {", "};"), expected);
  assert.deepEqual(tooLong("class A { constructor() {", "} }"), expected);
  assert.deepEqual(tooLong("class A { get a() {", "} }"), expected);
});

test("a describe is a heading: the tests under it are measured, not the whole", () => {
  assert.deepEqual(
    inFile(`describe("x", () => {\n${lines(70)}});`, "packages/low/src/a.test.ts"),
    [],
  );
  const inside = `describe("x", () => {\n  test("y", () => {\n${lines(59)}  });\n});`;
  assert.equal(inFile(inside, "packages/low/src/a.test.ts").length, 1);
});

test("the comment above a function does not count", () => {
  assert.deepEqual(inFile(`/**\n${" * x\n".repeat(30)} */\nfunction f() {\n${lines(58)}}`), []);
});
