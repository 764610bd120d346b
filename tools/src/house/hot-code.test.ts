import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../testing/rule-check.ts";
import { problemsOfHotCode } from "./hot-code.ts";

/** What is found in the body of a function of hot code. */
const inFunction = (...lines: string[]): string[] =>
  check(problemsOfHotCode, {
    "packages/low/src/hot/a.ts": ["function f(a: any) {", ...lines, "}"].join("\n"),
  }).map((problem) => problem.replace("packages/low/src/hot/a.ts:", ""));

const inModule = (text: string, path = "packages/low/src/hot/a.ts"): string[] =>
  check(problemsOfHotCode, { [path]: text });

test("closures, try, exceptions, template strings, spread, BigInt and await are named with their lines", () => {
  const found = inFunction(
    "const g = () => 1;",
    "try {} finally {}",
    "throw a;",
    "const s = `x`;",
    `const t = \`x\${a}\`;`,
    "f(...a);",
    "const n = 1n;",
    "const h = function () {};",
  );
  assert.deepEqual(found, [
    "2: a closure in hot/",
    "3: try in hot/",
    "4: an exception in hot/",
    "5: a template string in hot/",
    "6: a template string in hot/",
    "7: spread in hot/",
    "8: BigInt in hot/",
    "9: a closure in hot/",
  ]);
});

test("allocations that the syntax shows are named", () => {
  const found = inFunction(
    "new Uint8Array(1);",
    "a = [1];",
    "a = { b: 1 };",
    "a.subarray(1);",
    "a.slice(1);",
    "a?.map(f).filter(f);",
    "a = /x/;",
    "a.toString();",
  );
  const names = ["new", "an array", "an object", ".subarray", ".slice", ".filter", ".map"];
  assert.deepEqual(
    found.slice(0, 7).map((problem) => /\((.*)\)/.exec(problem)?.[1]),
    names,
  );
  assert.match(found[7] ?? "", /^8: .*regular expression/);
  assert.match(found[8] ?? "", /^9: .*\.toString/);
});

test("what runs once may allocate: the module's level, constructors, initial values of fields", () => {
  const text = `const TABLE = new Uint8Array(256).map((_, at) => at);
    class Row {
      readonly words = new Int32Array(4);
      static readonly names = ["a"];
      constructor(bytes: Uint8Array) { this.words.set([...bytes.subarray(4)]); }
      read(): number { return this.words[0] ?? 0; }
    }`;
  assert.deepEqual(inModule(text), []);
});

test("a method of a class and a function inside of a constructor's caller are per packet", () => {
  const text = `class Row {
      make() { return new Row(); }
    }`;
  assert.deepEqual(inModule(text), ["packages/low/src/hot/a.ts:2: an allocation (new) in hot/"]);
});

test("a Map or BigInt64Array has no place even as a field; words of these names elsewhere are fine", () => {
  assert.match(inModule("class A { readonly m = new Map(); }")[0] ?? "", /Map or Set/);
  assert.match(inModule("const a = new BigInt64Array(1);")[0] ?? "", /BigInt/);
  assert.deepEqual(inModule("// a Map => b\n/* try\n `x` */\nconst s = 'new Map';"), []);
});

test("types are free", () => {
  const text = `export interface Options { now: () => number; list: [number, string] }
    type Names = \`a\${string}\`;
    function f(callback: (a: number) => void, values: readonly Map<string, number>[]): void {}`;
  assert.deepEqual(inModule(text), []);
});

test("a reason allows a line from its end or from the line above it", () => {
  assert.deepEqual(inFunction("new Date(); // hot-allow: once a connection"), []);
  assert.deepEqual(inFunction("// hot-allow: once a connection", "new Date();"), []);
  assert.deepEqual(inFunction("new Date(); // hot-allow:"), ["2: an allocation (new) in hot/"]);
  assert.deepEqual(inFunction("// hot-allow: two lines above", "a++;", "new Date();"), [
    "4: an allocation (new) in hot/",
    "2: hot-allow allows nothing",
  ]);
});

test("every hot folder is held to it, its tests and other folders are not", () => {
  const text = "function f() { return new Date(); }";
  assert.equal(inModule(text, "packages/low/src/list/hot/a.ts").length, 1);
  assert.deepEqual(inModule(text, "packages/low/src/hotel/a.ts"), []);
  assert.deepEqual(inModule(text, "packages/low/src/hot/a.test.ts"), []);
  assert.deepEqual(inModule(text, "packages/low/src/hot/testing/a.ts"), []);
});
