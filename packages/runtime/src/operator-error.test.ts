import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeFatal, OperatorError } from "./operator-error.ts";

test("what an operator can put right is told without a stack, a bug with one", () => {
  assert.equal(describeFatal(new OperatorError("no user x; create it")), "no user x; create it");
  assert.match(
    describeFatal(new TypeError("x is no function")),
    /^TypeError: x is no function\n +at /,
  );
  assert.equal(describeFatal("odd"), "odd");
});

test("a failed system call of Node is told without a stack", () => {
  try {
    readFileSync("/no/such/file");
    assert.fail("read");
  } catch (error) {
    assert.equal(describeFatal(error).includes("\n"), false);
  }
});
