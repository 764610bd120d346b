import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { linuxSupported } from "./libc.ts";
import { chroot, findAccount, switchUser, UnknownAccountError } from "./privileges.ts";
import { SyscallError } from "./syscall-error.ts";

const unsupported = linuxSupported() ? false : "this machine is not a supported Linux";
const notRoot = process.getuid?.() === 0 ? false : "only root can change its user";
const root = process.getuid?.() === 0 && "root is allowed to";

function run(names: readonly string[]) {
  const script = fileURLToPath(new URL("./testing/unprivileged-process.js", import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [script, ...names], { encoding: "utf8" }));
}

test("accounts are found by name, by number, and by a name that looks like a number", () => {
  const folder = mkdtempSync(join(tmpdir(), "accounts-"));
  const passwdPath = join(folder, "passwd");
  const groupPath = join(folder, "group");
  writeFileSync(
    passwdPath,
    "# a comment\nroot:x:0:0:root:/root:/bin/sh\nbroken\ntracker:x:997:995::/:/bin/false\n77:x:1:1::/:\n",
  );
  writeFileSync(groupPath, "root:x:0:\ntracker:x:995:someone\n");
  const files = { passwdPath, groupPath };
  const find = (user: string | number, group: string | number) =>
    findAccount({ user, group }, files);
  assert.deepEqual(find("tracker", "tracker"), { user: 997, group: 995 });
  assert.deepEqual(find(1234, 4321), { user: 1234, group: 4321 });
  assert.deepEqual(find("1234", "4321"), { user: 1234, group: 4321 });
  assert.deepEqual(find("77", "root"), { user: 1, group: 0 });
  for (const user of ["nobody", "", "broken", "# a comment", -1, 1.5, 2 ** 32 - 1])
    assert.throws(() => find(user, "root"), UnknownAccountError);
  assert.throws(() => find("root", "staff"), /^UnknownAccountError: No group "staff" in .*group;/);
  rmSync(folder, { recursive: true });
});

describe("privileges", { skip: unsupported || notRoot }, () => {
  test("the whole process with all its threads becomes another user without groups, for good", () => {
    const seen = run(["nobody", "65534"]);
    const { user, group } = seen.account;
    assert.notEqual(user, 0);
    assert.ok(seen.tasks.length > 2, "the process has several threads");
    const wanted = `${Array(4).fill(user).join(" ")} / ${Array(4).fill(group).join(" ")} / `;
    for (const task of seen.tasks) assert.equal(task, wanted);
    const firstFreePort = readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8");
    if (Number(firstFreePort) <= 79) assert.equal(seen.lowPort, "opened");
    else assert.match(seen.lowPort, /^bind 0\.0\.0\.0:79 failed with EACCES: a port below/);
  });

  test("a chroot shows nothing but its folder, and the account was found before it", () => {
    const folder = mkdtempSync(join(tmpdir(), "chroot-"));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "only-this"), "");
    const seen = run(["nobody", "65534", folder]);
    assert.deepEqual(seen.root, ["only-this"]);
    assert.equal(seen.folder, "/");
    rmSync(folder, { recursive: true });
  });

  test("a chroot to a folder that does not exist names it", () => {
    assert.throws(
      () => chroot("/no/such/folder"),
      /^SyscallError: chroot \/no\/such\/folder failed with ENOENT/,
    );
    assert.throws(() => chroot("/tmp\0"), RangeError);
  });
});

test("without root, chroot and switchUser fail with EPERM and a remedy", {
  skip: unsupported || root,
}, () => {
  const isPermission = (error: unknown) => error instanceof SyscallError && error.code === "EPERM";
  assert.throws(() => chroot("/tmp"), isPermission);
  assert.throws(() => switchUser({ user: 65_534, group: 65_534 }), isPermission);
});
