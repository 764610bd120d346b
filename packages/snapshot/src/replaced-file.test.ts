import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ReplacedFile } from "./replaced-file.ts";
import { CrashDisk, PowerCut } from "./testing/crash-disk.ts";

const OLD = new TextEncoder().encode("old");
const PIECES = ["a new ", "file of ", "several pieces"].map((text) =>
  new TextEncoder().encode(text),
);
const NEW = new Uint8Array(Buffer.concat(PIECES));
const PATH = "/swarms/swarms.snapshot";

function replaceOn(disk: CrashDisk): void {
  const file = new ReplacedFile(PATH, disk);
  try {
    for (const piece of PIECES) file.write(piece);
    file.replace();
  } catch (error) {
    if (!(error instanceof PowerCut)) file.abandon();
    throw error;
  }
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array) =>
  a !== undefined && Buffer.compare(a, b) === 0;

/** How many calls an undisturbed replacement takes. */
function callsOfReplacement(): number {
  const disk = new CrashDisk(PATH, OLD);
  replaceOn(disk);
  assert.ok(isSame(disk.read(PATH), NEW));
  return disk.calls;
}

test("a power cut at any moment leaves the old file or the new one, whole, whatever the disk had not written yet", () => {
  const calls = callsOfReplacement();
  let newAfter = 0;
  for (let cut = 0; cut <= calls; cut++) {
    const disk = new CrashDisk(PATH, OLD);
    disk.powerCutAt = cut;
    if (cut < calls) assert.throws(() => replaceOn(disk), PowerCut);
    else replaceOn(disk);
    for (const state of disk.afterPowerCut(PATH)) {
      assert.ok(isSame(state, OLD) || isSame(state, NEW), `cut at call ${cut}`);
      if (isSame(state, NEW)) newAfter++;
      // Once the replacement is over, nothing can undo it.
      if (cut === calls) assert.ok(isSame(state, NEW));
    }
  }
  assert.ok(newAfter > 4);
});

for (const failure of ["ENOSPC", "EIO", "EDQUOT"])
  test(`${failure} in any call leaves the old file, or the new one, and no file open`, () => {
    const calls = callsOfReplacement();
    for (let failAt = 0; failAt < calls; failAt++) {
      const disk = new CrashDisk(PATH, OLD);
      Object.assign(disk, { failAt, failure });
      let isOver = false;
      try {
        replaceOn(disk);
        isOver = true;
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, failure);
      }
      const after = disk.read(PATH);
      assert.ok(isOver ? isSame(after, NEW) : isSame(after, OLD) || isSame(after, NEW));
      for (const state of disk.afterPowerCut(PATH))
        assert.ok(isSame(state, OLD) || isSame(state, NEW));
      assert.ok(
        disk.openFiles <= 1,
        "a close that failed may leave its own descriptor, nothing else",
      );
    }
  });

test("on a real disk the file is replaced, and nothing is left next to it", () => {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-replaced-"));
  try {
    const path = join(folder, "swarms");
    writeFileSync(path, OLD);
    writeFileSync(`${path}.${process.pid}-0123abcd.tmp`, "a former process of this number left it");
    const file = new ReplacedFile(path);
    for (const piece of PIECES) file.write(piece);
    assert.deepEqual(new Uint8Array(readFileSync(path)), OLD);
    file.replace();
    assert.deepEqual(new Uint8Array(readFileSync(path)), NEW);
    assert.deepEqual(readdirSync(folder), ["swarms"]);
    const given = new ReplacedFile(path);
    given.write(OLD);
    given.abandon();
    assert.deepEqual(readdirSync(folder), ["swarms"]);
    assert.deepEqual(new Uint8Array(readFileSync(path)), NEW);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what another process writes meanwhile stays apart", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-replaced-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "swarms");
  const others = `${path}.${process.ppid}-0123abcd.tmp`;
  writeFileSync(others, OLD);
  const file = new ReplacedFile(path);
  file.write(NEW);
  file.replace();
  assert.deepEqual(new Uint8Array(readFileSync(path)), NEW);
  assert.deepEqual(new Uint8Array(readFileSync(others)), OLD);
});
