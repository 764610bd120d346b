import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ConfigError } from "@swarmtide/toml-config";
import { describeFatal, OperatorError } from "./operator-error.ts";

test("what an operator can put right is told without a stack, a bug with one", () => {
  const noUser = new OperatorError("no user x; create it", { code: "SWARMTIDE_ACCOUNT_UNKNOWN" });
  assert.equal(describeFatal(noUser), "no user x; create it [SWARMTIDE_ACCOUNT_UNKNOWN]");
  assert.match(
    describeFatal(new TypeError("x is not a function")),
    /^TypeError: x is not a function\n +at /,
  );
  assert.equal(describeFatal("odd"), "odd");
});

test("the code stands behind the first line, and behind every problem of a configuration", () => {
  const code = "SWARMTIDE_WORKER_DIED";
  assert.equal(
    describeFatal(new OperatorError("worker x failed\n    at y", { code })),
    "worker x failed [SWARMTIDE_WORKER_DIED]\n    at y",
  );
  const problem = { file: "c.toml", line: 1, key: "a", value: "2", complaint: "expected 1" };
  assert.equal(
    describeFatal(new ConfigError([problem, { ...problem, line: 3 }])),
    "c.toml:1: a = 2: expected 1 [SWARMTIDE_CONFIG_INVALID]\n" +
      "c.toml:3: a = 2: expected 1 [SWARMTIDE_CONFIG_INVALID]",
  );
});

test("a failed system call of Node is told without a stack", () => {
  try {
    readFileSync("/no/such/file");
    assert.fail("read");
  } catch (error) {
    assert.equal(describeFatal(error).includes("\n"), false);
  }
});
