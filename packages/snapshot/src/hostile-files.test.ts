import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspectSnapshot } from "./inspect.ts";
import { ReplacedFile } from "./replaced-file.ts";

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

test("a FIFO at the place of the temporary file is an error, and nobody waits for its reader", {
  ...{ skip, timeout: 10_000 },
}, (t) => {
  const folder = folderWith(t, "swarms.tmp");
  assert.throws(() => new ReplacedFile(join(folder, "swarms")), { code: "ENXIO" });
});

test("a link at the place of the temporary file does not lead a write elsewhere", { skip }, (t) => {
  const folder = folderWith(t, "fifo");
  const elsewhere = join(folder, "elsewhere");
  writeFileSync(elsewhere, "kept");
  symlinkSync(elsewhere, join(folder, "swarms.tmp"));
  assert.throws(() => new ReplacedFile(join(folder, "swarms")), { code: "ELOOP" });
  assert.equal(readFileSync(elsewhere, "utf8"), "kept");
  assert.equal(existsSync(join(folder, "swarms")), false);
});
