import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { linuxSupported } from "@swarmtide/linux";
import { dropPrivileges, pathAfterDrop } from "./privileges.ts";

const program = fileURLToPath(new URL("./testing/chrooted-program.js", import.meta.url));
const isRoot = process.getuid?.() === 0 && linuxSupported();

test("every thread, also one that blocks, has the new root, user and group", {
  skip: !isRoot && "needs root on Linux",
  timeout: 30_000,
}, async (t) => {
  const root = mkdtempSync(join(tmpdir(), "swarmtide-root-"));
  t.after(() => rmdirSync(root));
  const child = spawn(process.execPath, [program, root, "65534", "65533"]);
  t.after(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const [output] = await Promise.race([once(child.stdout, "data"), exited]);
  assert.equal(String(output), "dropped\n", errors);
  const tasks = readdirSync(`/proc/${child.pid}/task`);
  assert.ok(tasks.length > 2);
  for (const task of tasks) {
    const status = readFileSync(`/proc/${child.pid}/task/${task}/status`, "utf8");
    assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    assert.match(status, /^Gid:\t65533\t65533\t65533\t65533$/m);
    assert.match(status, /^Groups:\t\s*$/m);
    assert.equal(readlinkSync(`/proc/${child.pid}/task/${task}/root`), root);
  }
  child.stdin.end();
  assert.deepEqual(await exited, [0, null]);
});

test("an account or folder that does not exist is named", {
  skip: !isRoot && "needs root on Linux",
}, () => {
  const errorOf = (...args: string[]) => spawnSync(process.execPath, [program, ...args]);
  const noUser = errorOf("", "no-such-user", "0");
  assert.match(String(noUser.stderr), /^\[privileges\]: No user "no-such-user" in \/etc\/passwd/);
  assert.equal(noUser.status, 1);
  const noFolder = errorOf("/no/such/folder", "65534", "65534");
  assert.match(String(noFolder.stderr), /^chroot \/no\/such\/folder failed with ENOENT/);
});

test("nothing happens where privileges are kept", () => {
  const uid = process.getuid?.();
  dropPrivileges({ dropPrivileges: false, chrootPath: "/no/such", user: "x", group: "y" });
  assert.equal(process.getuid?.(), uid);
});

test("a file keeps its path without a chroot and has a shorter or none with one", () => {
  const config = (dropPrivileges: boolean, chrootPath: string) => ({
    dropPrivileges,
    chrootPath,
    user: "nobody",
    group: "nogroup",
  });
  assert.equal(pathAfterDrop(config(false, "/srv"), "/etc/list"), "/etc/list");
  assert.equal(pathAfterDrop(config(true, ""), "list"), resolve("list"));
  assert.equal(pathAfterDrop(config(true, "/srv"), "/srv/a/list"), "/a/list");
  assert.equal(pathAfterDrop(config(true, "/srv/"), "/srv/..list"), "/..list");
  assert.equal(pathAfterDrop(config(true, "."), "list"), "/list");
  assert.equal(pathAfterDrop(config(true, "/srv"), "/etc/list"), undefined);
  assert.equal(pathAfterDrop(config(true, "/srv"), "/srv/../list"), undefined);
});
