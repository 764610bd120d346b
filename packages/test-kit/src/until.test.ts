import assert from "node:assert/strict";
import { test } from "node:test";
import { until, within } from "./until.ts";

test("until resolves with the first truthy value of its probe", async () => {
  let probes = 0;
  assert.equal(await until("three probes", () => ++probes === 3 && "there"), "there");
  assert.equal(probes, 3);
});

test("until waits for asynchronous probes", async () => {
  let probes = 0;
  await until("two probes", async () => ++probes === 2);
  assert.equal(probes, 2);
});

test("until fails with what was waited for and what was seen last", async () => {
  await assert.rejects(
    until("pigs fly", () => 0, 1),
    /waited 1 ms until pigs fly; last saw 0/,
  );
});

test("an assertion inside the probe counts as not yet, and is the cause of the failure", async () => {
  let probes = 0;
  await until("the second probe", () => {
    assert.ok(++probes === 2);
    return true;
  });
  const failing = until("never", () => assert.fail("one is not two"), 1);
  await assert.rejects(failing, (error: Error) => {
    assert.match(error.message, /until never; it last failed with "one is not two"/);
    assert.ok(error.cause instanceof assert.AssertionError);
    return true;
  });
});

test("within hands on what a promise is fulfilled or rejected with", async () => {
  assert.equal(await within("a value", Promise.resolve(1)), 1);
  await assert.rejects(within("a value", Promise.reject(new Error("broken"))), /^Error: broken$/);
});

test("within fails with what was waited for", async () => {
  await assert.rejects(within("pigs fly", new Promise(() => {}), 1), /waited 1 ms until pigs fly/);
});
