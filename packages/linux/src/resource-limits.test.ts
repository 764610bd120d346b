import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { linuxSupported } from "./libc.ts";
import { lockableBytesMax, openFilesMax } from "./resource-limits.ts";

test("the limit of open files is the one that /proc shows", {
  skip: linuxSupported() ? false : "this machine is not a supported Linux",
}, () => {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const soft = /^Max open files +(\S+)/m.exec(limits)?.[1];
  assert.equal(openFilesMax(), soft === "unlimited" ? 2 ** 64 : Number(soft));
});

test("the memory that may be pinned is what /proc shows", {
  skip: linuxSupported() ? false : "this machine is not a supported Linux",
}, () => {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const soft = /^Max locked memory +(\S+)/m.exec(limits)?.[1];
  assert.equal(lockableBytesMax(), soft === "unlimited" ? 2 ** 64 : Number(soft));
});
