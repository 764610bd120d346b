import assert from "node:assert/strict";
import { test } from "node:test";
import { reservableBytes } from "./reservable-memory.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** A /proc with these files. */
const proc = (files: Record<string, string>) => (path: string) => {
  const text = files[path];
  if (text === undefined) throw new Error(`ENOENT ${path}`);
  return text;
};

const limits = (addressSpace: string) =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax address space         ${addressSpace}            unlimited            bytes\n`;

const files = {
  "/proc/self/limits": limits("unlimited"),
  "/proc/self/status": `Name:\tnode\nVmSize:\t 1048576 kB\n`,
  "/proc/sys/vm/overcommit_memory": "0\n",
  "/proc/meminfo": "CommitLimit:    8388608 kB\nCommitted_AS:   2097152 kB\n",
};

test("without a limit, and without /proc, there is no answer", () => {
  assert.equal(reservableBytes(2, proc(files)), undefined);
  assert.equal(reservableBytes(2, proc({})), undefined);
});

test("an address-space limit leaves what the process and its threads do not need", () => {
  const limited = { ...files, "/proc/self/limits": limits(String(8 * GIB)) };
  assert.equal(reservableBytes(2, proc(limited)), 7 * GIB - (384 + 2 * 768) * MIB);
});

test("strict overcommit leaves what nobody has been promised", () => {
  const strict = { ...files, "/proc/sys/vm/overcommit_memory": "2\n" };
  assert.equal(reservableBytes(1, proc(strict)), 6 * GIB - (384 + 768) * MIB);
});
