import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AccessList } from "@swarmtide/swarm";
import { loadAccessList } from "./load-access-list.ts";

test("a list is read, a bad line and a missing file are named", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "access-list-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "list.txt");
  writeFileSync(path, `# mine\n\n${"Ab".repeat(20)}\n`);
  const list = AccessList.attach(await loadAccessList({ mode: "allow", path }));
  assert.equal(list.entryCount, 1);
  assert.equal(list.allowsBytes(new Uint8Array(20).fill(0xab)), true);
  assert.equal(list.allowsBytes(new Uint8Array(20).fill(0xac)), false);
  writeFileSync(path, `${"Ab".repeat(20)}\n\nzz\n`);
  await assert.rejects(loadAccessList({ mode: "deny", path }), {
    name: "OperatorError",
    message: /^access list .*list\.txt:3: "zz" is not an info hash; expected /,
  });
  await assert.rejects(loadAccessList({ mode: "deny", path: join(folder, "none") }), {
    name: "OperatorError",
    message: /none \(access_list\.path\): no such file; create it or set access_list\.mode = "off"/,
  });
  await assert.rejects(loadAccessList({ mode: "allow", path: folder }), /is a folder/);
});

test("no file is read where the list is off", async () => {
  const handle = await loadAccessList({ mode: "off", path: "/no/such/file" });
  assert.equal(AccessList.attach(handle).allowsBytes(new Uint8Array(20)), true);
});

test("a signal is heard while a long list loads, and the list is whole", {
  skip: process.platform === "win32" && "signals are Unix's",
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "access-list-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "list.txt");
  const entries = 200_000;
  const lines = Array.from({ length: entries }, (_, i) => i.toString(16).padStart(40, "0"));
  writeFileSync(path, lines.join("\n"));
  let isLoaded = false;
  const heard = new Promise<boolean>((resolve) => {
    process.once("SIGUSR2", () => resolve(!isLoaded));
  });
  process.kill(process.pid, "SIGUSR2");
  const handle = await loadAccessList({ mode: "allow", path });
  isLoaded = true;
  assert.equal(await heard, true);
  const list = AccessList.attach(handle);
  assert.equal(list.entryCount, entries);
  for (const line of [lines[0], lines[26_214], lines.at(-1)])
    assert.equal(list.allowsBytes(Buffer.from(line ?? "", "hex")), true);
});

test("a file that is not a list is refused at its first line, however long it is", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "access-list-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "list.txt");
  writeFileSync(path, "");
  truncateSync(path, 2 ** 31 - 1);
  await assert.rejects(loadAccessList({ mode: "allow", path }), {
    name: "OperatorError",
    message: /list\.txt:1: ".*" is not an info hash; expected at most 262144 bytes in a line/,
  });
  truncateSync(path, 2 ** 33);
  await assert.rejects(loadAccessList({ mode: "allow", path }), /is longer than 2047 MiB/);
});
