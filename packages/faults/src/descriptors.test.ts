import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { descriptorsOf, moreDescriptors } from "./descriptors.ts";

const skip = process.platform !== "linux";

test("a file that was opened and a socket that listens are named, and gone once they are closed", {
  skip,
}, async () => {
  const before = descriptorsOf(process.pid);
  const file = openSync("/proc/version", "r");
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const more = moreDescriptors(before, descriptorsOf(process.pid));
  assert.ok(more.includes("/proc/version"));
  assert.equal(more.filter((name) => /^tcp 0100007F:.* state 0A$/.test(name)).length, 1);
  closeSync(file);
  server.close();
  await new Promise((resolve) => server.once("close", resolve));
  const after = moreDescriptors(before, descriptorsOf(process.pid));
  assert.deepEqual(
    after.filter((name) => name.startsWith("tcp") || name === "/proc/version"),
    [],
  );
});

test("what is there twice and was there once is more by one", () => {
  assert.deepEqual(moreDescriptors(["pipe", "/a"], ["pipe", "/b", "pipe"]), ["/b", "pipe"]);
  assert.deepEqual(moreDescriptors(["pipe", "/a"], ["/a"]), []);
});
