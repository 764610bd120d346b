/** The real program with paths in its configuration that lead to what is no file. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { LOOPBACK_CONFIG, startProgram, temporaryFolder } from "@swarmtide/test-kit";

const TIMEOUT = { timeout: 120_000 };
const skip = process.platform === "linux" ? false : "these files are Linux's";
const testdata = (name: string) =>
  fileURLToPath(new URL(`../../tcp/testdata/${name}`, import.meta.url));

/** Each puts something at `path` that nobody can read to its end, or at all. */
const HOSTILE: readonly [name: string, make: (path: string) => void, said: RegExp][] = [
  ["a FIFO", (path) => execFileSync("mkfifo", [path]), /is a FIFO, expected a regular file/],
  ["a device", (path) => symlinkSync("/dev/zero", path), /is a device or socket/],
  ["a folder", (path) => mkdirSync(path), /is a folder/],
  ["a circle of links", (path) => symlinkSync(path, path), /ELOOP|form a loop/],
  [
    "an endless file",
    (path) => symlinkSync("/proc/self/pagemap", path),
    /longer than 1 MiB|not an info hash/,
  ],
  [
    "a huge file",
    (path) => {
      writeFileSync(path, "");
      truncateSync(path, 2 ** 40);
    },
    /is longer than \d+ MiB/,
  ],
];

const tlsConfig = (certificate: string, key: string) =>
  LOOPBACK_CONFIG.replace(
    "[web]",
    `[web]\ntls_address_ipv4 = "127.0.0.1:0"\ntls_certificate_path = "${certificate}"\ntls_private_key_path = "${key}"`,
  );
const listConfig = (path: string) =>
  `${LOOPBACK_CONFIG}[access_list]\nmode = "deny"\npath = "${path}"\n`;

for (const [name, make, said] of HOSTILE)
  test(`${name} in place of list, certificate or key is refused at the start with a line`, {
    ...TIMEOUT,
    skip,
  }, async (t) => {
    const hostile = join(temporaryFolder(t), "hostile");
    make(hostile);
    const [certificate, key] = [testdata("ec.crt"), testdata("ec-pkcs8.key")];
    for (const config of [
      listConfig(hostile),
      tlsConfig(hostile, key),
      tlsConfig(certificate, hostile),
    ]) {
      const program = startProgram(t, config);
      assert.equal(await program.ended(), 1);
      assert.match(program.stderr, said);
      assert.doesNotMatch(program.stderr, /\n {4}at /);
    }
  });

test("a list or certificate that becomes one of these is logged at a reload, the old ones stay, SIGTERM works", {
  ...TIMEOUT,
  skip,
}, async (t) => {
  const folder = temporaryFolder(t);
  const [list, certificate, key] = ["list.txt", "chain.crt", "server.key"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(list, "");
  copyFileSync(testdata("ec.crt"), certificate);
  copyFileSync(testdata("ec-pkcs8.key"), key);
  const tls = tlsConfig(certificate, key);
  const program = startProgram(t, `${tls}[access_list]\nmode = "deny"\npath = "${list}"\n`);
  await program.output(/Point clients at/);
  for (const [, make, said] of HOSTILE) {
    rmSync(list, { recursive: true });
    rmSync(certificate, { recursive: true });
    make(list);
    make(certificate);
    program.stderr = "";
    program.child.kill("SIGHUP");
    await program.output(/ERROR .*the old list stays/);
    await program.output(/ERROR .*the old certificate remains in use/);
    assert.match(program.stderr, said);
  }
  assert.equal(await program.end("SIGTERM"), 0);
});
