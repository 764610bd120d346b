import assert from "node:assert/strict";
import { test } from "node:test";
import { foldConstants } from "./fold.ts";

const values = new Map([
  ["WORDS", 2],
  ["REFUSED", -1],
  ["SLOT", 0],
]);

function fold(line: string): string {
  return foldConstants(line, values);
}

test("a constant is replaced by its value, and its name stays as a comment", () => {
  assert.equal(fold("at += WORDS;"), "at += 2 /* WORDS */;");
  assert.equal(fold("return x - REFUSED;"), "return x - (-1 /* REFUSED */);");
  assert.equal(fold("f(WORDS, SLOT)"), "f(2 /* WORDS */, 0 /* SLOT */)");
  assert.equal(fold("    case WORDS:"), "    case 2 /* WORDS */:");
  assert.equal(fold("a ? WORDS : SLOT"), "a ? 2 /* WORDS */ : 0 /* SLOT */");
});

test("folding again gives the same text, or the values of today", () => {
  const folded = fold("w[at + WORDS] = REFUSED;");
  assert.equal(fold(folded), folded);
  const today = new Map([["WORDS", 5]]);
  assert.equal(foldConstants(folded, today), "w[at + 5 /* WORDS */] = REFUSED;");
});

test("names in imports, declarations, comments, strings, keys and properties stay", () => {
  for (const line of [
    'import { WORDS, SLOT } from "./layout.js";',
    "export const WORDS = 2;",
    "/** WORDS of a slot. */",
    "// WORDS",
    'throw new Error("WORDS");',
    "this.WORDS = layout.WORDS;",
    "x = { WORDS: 3 };",
    "WORDS_MAX + MORE_WORDS",
  ])
    assert.equal(fold(line), line);
});
