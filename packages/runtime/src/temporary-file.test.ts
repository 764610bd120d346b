import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { TEMPORARY_FILE_FLAGS, temporaryPathFor } from "./temporary-file.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-temporary-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A process that has ended. */
const endedPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

test("two writers of one path have two temporary files", (t) => {
  const path = join(folderOf(t), "swarms");
  const first = temporaryPathFor(path);
  assert.notEqual(temporaryPathFor(path), first);
  assert.match(first, new RegExp(`^${path}\\.${process.pid}-[0-9a-f]{8}\\.tmp$`));
});

test("what a process left behind that was killed goes, and nothing else", async (t) => {
  const folder = folderOf(t);
  const path = join(folder, "swarms");
  const alive = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const exited = once(alive, "exit");
  const dead = endedPid();
  const kept = [
    "swarms",
    `swarms.${alive.pid}-0123abcd.tmp`,
    `swarms.old.${dead}-0123abcd.tmp`,
    `other.${dead}-0123abcd.tmp`,
    `swarms.${dead}.tmp`,
  ].sort();
  for (const name of [...kept, `swarms.${dead}-0123abcd.tmp`, `swarms.${process.pid}-89abcdef.tmp`])
    writeFileSync(join(folder, name), "");
  temporaryPathFor(path);
  assert.deepEqual(readdirSync(folder).sort(), kept);
  alive.stdin?.end();
  await exited;
});

test("a link with such a name goes, and what it leads to stays", {
  skip: process.platform === "win32" ? "links need privileges" : false,
}, (t) => {
  const folder = folderOf(t);
  const elsewhere = join(folder, "elsewhere");
  writeFileSync(elsewhere, "kept");
  symlinkSync(elsewhere, join(folder, `swarms.${endedPid()}-0123abcd.tmp`));
  closeSync(openSync(temporaryPathFor(join(folder, "swarms")), TEMPORARY_FILE_FLAGS));
  assert.equal(readFileSync(elsewhere, "utf8"), "kept");
  assert.equal(readdirSync(folder).length, 2);
});

test("whatever has the name already is an error, and is not followed", {
  skip: process.platform === "win32" ? "links need privileges" : false,
}, (t) => {
  const folder = folderOf(t);
  const taken = join(folder, "taken");
  symlinkSync(join(folder, "elsewhere"), taken);
  assert.throws(() => openSync(taken, TEMPORARY_FILE_FLAGS), { code: "EEXIST" });
  assert.deepEqual(readdirSync(folder), ["taken"]);
});

test("a folder that is missing is told when the file is opened", (t) => {
  const path = temporaryPathFor(join(folderOf(t), "missing", "swarms"));
  assert.throws(() => openSync(path, TEMPORARY_FILE_FLAGS), { code: "ENOENT" });
});
