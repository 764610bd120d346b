import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspectSnapshot } from "./inspect.ts";

const skip = process.platform === "win32" ? "this system has no FIFOs" : false;

function folderWith(t: TestContext, fifo: string): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-snapshot-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(spawnSync("mkfifo", [join(folder, fifo)]).status, 0);
  return folder;
}

test("a FIFO is not a snapshot, and nobody waits for its writer", {
  skip,
  timeout: 10_000,
}, (t) => {
  const path = join(folderWith(t, "fifo"), "fifo");
  assert.throws(
    () => inspectSnapshot(path),
    (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.ok(error.message.startsWith(`${path}: `), error.message);
      return true;
    },
  );
});
