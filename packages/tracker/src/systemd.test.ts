/**
 * The tracker as a service of systemd: what it tells the service manager, and the unit that packaging/systemd installs.
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes missing programs a failure instead of a skipped test.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { linuxSupported } from "@swarmtide/linux";
import { LOOPBACK_CONFIG, startProgram, temporaryFolder } from "@swarmtide/test-kit";

const isRequired = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const skipUnless = (program: string, ...more: readonly boolean[]) =>
  (has(program) || isRequired) && more.every((one) => one) ? false : `${program} is not here`;
const packaging = (name: string) =>
  fileURLToPath(new URL(`../../../packaging/systemd/${name}`, import.meta.url));

/** Node has no datagram sockets of the file system. Prints a line of JSON for each datagram. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps("listening"), flush=True)
while True:
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
`;

/** What arrives at the path, as it comes. */
async function* notifications(t: TestContext, path: string): AsyncGenerator<string> {
  const receiver = spawn("python3", ["-c", RECEIVER, path]);
  t.after(() => receiver.kill());
  for await (const line of createInterface({ input: receiver.stdout })) yield JSON.parse(line);
}

async function nextButAlive(received: AsyncGenerator<string>): Promise<string> {
  for (;;) {
    const { value } = await received.next();
    if (value !== "WATCHDOG=1") return String(value);
  }
}

test("systemd is told when the tracker is ready, reloads, lives and stops", {
  timeout: 60_000,
  skip: skipUnless("python3", linuxSupported()),
}, async (t) => {
  const path = join(temporaryFolder(t), "notify");
  const received = notifications(t, path);
  assert.equal((await received.next()).value, "listening");
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000" };
  const program = startProgram(t, LOOPBACK_CONFIG, { env });
  assert.match(await nextButAlive(received), /^READY=1\nSTATUS=serving UDP tracker, HTTP tracker/);
  assert.equal((await received.next()).value, "WATCHDOG=1");
  program.child.kill("SIGHUP");
  assert.match(await nextButAlive(received), /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  assert.match(await nextButAlive(received), /^READY=1\n/);
  const ended = program.end("SIGTERM");
  assert.match(await nextButAlive(received), /^STOPPING=1\nEXTEND_TIMEOUT_USEC=\d+$/);
  assert.equal(await ended, 0);
});

test("a NOTIFY_SOCKET that nobody listens at is a warning, and the tracker serves", {
  timeout: 60_000,
  skip: linuxSupported() ? false : "this machine is not a supported Linux",
}, async (t) => {
  const path = join(temporaryFolder(t), "nobody");
  const program = startProgram(t, LOOPBACK_CONFIG, { env: { NOTIFY_SOCKET: path } });
  await program.output(/WARN.*NOTIFY_SOCKET is .*nobody, but cannot be reached: connect .*ENOENT/);
  await program.addresses();
  assert.equal(await program.end("SIGTERM"), 0);
});

for (const [name, instance] of [
  ["swarmtide.service", "swarmtide.service"],
  ["swarmtide@.service", "swarmtide@a.service"],
] as const)
  test(`${name} has no mistakes and exposes the host to no more than 2 of 10`, {
    skip: skipUnless("systemd-analyze"),
  }, (t) => {
    // The unit names /usr/bin/swarmtide, which only an installation has.
    const unit = readFileSync(packaging(name), "utf8");
    const file = join(temporaryFolder(t), instance);
    writeFileSync(file, unit.replace("/usr/bin/swarmtide", process.execPath));
    const analyze = (...args: string[]) =>
      spawnSync("systemd-analyze", [...args, file], { encoding: "utf8" });
    const verified = analyze("verify", "--man=no");
    assert.equal(`${verified.stdout}${verified.stderr}`, "");
    assert.equal(verified.status, 0);
    const rated = analyze("security", "--offline=true");
    const [, exposure] =
      /Overall exposure level for swarmtide\S*: ([\d.]+)/.exec(rated.stdout) ?? [];
    assert.ok(Number(exposure) <= 2, `exposure ${exposure}\n${rated.stdout}${rated.stderr}`);
  });

test("the template of two instances is the unit, but for what a hand-over needs", () => {
  const settings = (name: string) =>
    readFileSync(packaging(name), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  const [unit, template] = [settings("swarmtide.service"), settings("swarmtide@.service")];
  assert.deepEqual(
    template.filter((line) => !unit.includes(line)),
    [
      "Description=swarmtide, an open BitTorrent tracker (%i)",
      "StartLimitIntervalSec=60",
      "StartLimitBurst=5",
      "ExecStart=/usr/bin/swarmtide --take-over --config /etc/swarmtide/swarmtide.toml",
      "Restart=on-failure",
      "TimeoutStartSec=300",
      "RuntimeDirectory=swarmtide",
      "RuntimeDirectoryMode=0700",
      "RuntimeDirectoryPreserve=yes",
    ],
  );
  assert.deepEqual(
    unit.filter((line) => !template.includes(line)).map((line) => line.split("=")[0]),
    ["Description", "ExecStart", "Restart"],
  );
});

test("the user of the unit is one that systemd-sysusers makes", {
  skip: skipUnless("systemd-sysusers"),
}, () => {
  const unit = readFileSync(packaging("swarmtide.service"), "utf8");
  const [, user] = /^User=(.+)$/m.exec(unit) ?? [];
  const made = spawnSync("systemd-sysusers", ["--dry-run", packaging("swarmtide.conf")], {
    encoding: "utf8",
  });
  assert.equal(made.status, 0, made.stderr);
  assert.match(readFileSync(packaging("swarmtide.conf"), "utf8"), new RegExp(`^u ${user} `, "m"));
});
