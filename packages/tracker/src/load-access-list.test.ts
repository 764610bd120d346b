import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AccessList } from "@swarmtide/swarm";
import { loadAccessList } from "./load-access-list.ts";

test("a list is read, a bad line and a missing file are named", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "access-list-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "list.txt");
  writeFileSync(path, `# mine\n\n${"Ab".repeat(20)}\n`);
  const list = AccessList.attach(loadAccessList({ mode: "allow", path }));
  assert.equal(list.entryCount, 1);
  assert.equal(list.allowsBytes(new Uint8Array(20).fill(0xab)), true);
  assert.equal(list.allowsBytes(new Uint8Array(20).fill(0xac)), false);
  writeFileSync(path, `${"Ab".repeat(20)}\n\nzz\n`);
  assert.throws(() => loadAccessList({ mode: "deny", path }), {
    name: "OperatorError",
    message: /^access list .*list\.txt:3: "zz" is not an info hash; expected /,
  });
  assert.throws(() => loadAccessList({ mode: "deny", path: join(folder, "none") }), {
    name: "OperatorError",
    message: /none \(access_list\.path\): no such file; create it or set access_list\.mode = "off"/,
  });
  assert.throws(() => loadAccessList({ mode: "allow", path: folder }), /is a folder/);
});

test("no file is read where the list is off", () => {
  const handle = loadAccessList({ mode: "off", path: "/no/such/file" });
  assert.equal(AccessList.attach(handle).allowsBytes(new Uint8Array(20)), true);
});
