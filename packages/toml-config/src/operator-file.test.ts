import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readOperatorFile } from "./operator-file.ts";

const LIMIT = 2 ** 20;

test("a regular file is read whole, up to the limit to the byte", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "operator-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "file");
  for (const length of [0, 1, 4096, LIMIT]) {
    writeFileSync(file, Buffer.alloc(length, 7));
    assert.deepEqual(readOperatorFile(file, LIMIT), Buffer.alloc(length, 7));
  }
  writeFileSync(file, Buffer.alloc(LIMIT + 1));
  assert.throws(() => readOperatorFile(file, LIMIT), /is longer than 1 MiB/);
});

test("a FIFO, a device, a folder, a huge file and a circle of links are refused without waiting", {
  skip: process.platform === "win32" && "these files are Unix's",
}, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "operator-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fifo = join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  const huge = join(folder, "huge");
  writeFileSync(huge, "");
  truncateSync(huge, 2 ** 40);
  const circle = join(folder, "circle");
  symlinkSync(circle, circle);
  for (const [path, message] of [
    [fifo, /is a FIFO, expected a regular file/],
    ["/dev/zero", /is a device or socket, expected a regular file/],
    [folder, /is a folder, expected a file/],
    [huge, /is longer than 1 MiB/],
    [circle, /ELOOP/],
  ] as const)
    assert.throws(() => readOperatorFile(path, LIMIT), message);
});

test("a file that says it has no bytes and never ends is refused", {
  skip: process.platform !== "linux" && "such files lie in /proc",
}, () => {
  assert.throws(() => readOperatorFile("/proc/self/pagemap", 2 ** 31), /is longer than 1 MiB/);
  assert.match(readOperatorFile("/proc/self/status", LIMIT).toString(), /^Name:/);
});
