import assert from "node:assert/strict";
import { test } from "node:test";
import { reservableMemory } from "./reservable-memory.ts";

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

test("without a limit, and without /proc, nothing is known", () => {
  assert.equal(reservableMemory(2, proc(files)), undefined);
  assert.equal(reservableMemory(2, proc({})), undefined);
});

test("an address-space limit leaves what the process and its threads do not need", () => {
  const limited = { ...files, "/proc/self/limits": limits(String(8 * GIB)) };
  assert.deepEqual(reservableMemory(2, proc(limited)), {
    bytes: 7 * GIB - (384 + 2 * 768) * MIB,
    limit: "the address space limit (ulimit -v)",
  });
});

test("strict overcommit leaves what nobody has been promised", () => {
  const strict = { ...files, "/proc/sys/vm/overcommit_memory": "2\n" };
  assert.deepEqual(reservableMemory(1, proc(strict)), {
    bytes: 6 * GIB - (384 + 768) * MIB,
    limit: "strict overcommit (vm.overcommit_memory = 2)",
  });
});
