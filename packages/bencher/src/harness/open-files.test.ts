import assert from "node:assert/strict";
import { test } from "node:test";
import { assertOpenFiles } from "./open-files.ts";

test("too few open files are told before the run, with the remedy", () => {
  const limits = "Max open files            1024                 20000                files     \n";
  assert.doesNotThrow(() => assertOpenFiles(10_000, limits));
  assert.throws(() => assertOpenFiles(19_900, limits), /20400 open files and 20000 .*ulimit -Hn/);
  assert.doesNotThrow(() => assertOpenFiles(19_900, limits.replace("20000", "unlimited")));
});
