import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { linuxSupported } from "@swarmtide/linux";
import { LOOPBACK_CONFIG, startProgram, temporaryFolder, UdpClient } from "@swarmtide/test-kit";

const isRoot = process.getuid?.() === 0 && linuxSupported();
const INFO_HASH = Buffer.alloc(20, 7);
const OTHER_INFO_HASH = Buffer.alloc(20, 8);

for (const engine of ["mmsg", "uring", "dgram"])
  test(`with both families on, privileges are dropped, ${engine} serves and the list is reloaded inside the new root`, {
    skip: !isRoot && "needs root on Linux",
    timeout: 60_000,
  }, async (t) => {
    const root = temporaryFolder(t);
    chmodSync(root, 0o755);
    const list = join(root, "list.txt");
    writeFileSync(list, `${INFO_HASH.toString("hex")}\n`);
    const program = startProgram(
      t,
      `${LOOPBACK_CONFIG}engine = "${engine}"
[privileges]
drop_privileges = true
chroot_path = "${root}"
user = "65534"
group = "65534"
[access_list]
mode = "deny"
path = "${list}"
`,
    );
    const addresses = await program.addresses();
    assert.equal(addresses.length, 2);
    for (const task of readdirSync(`/proc/${program.child.pid}/task`)) {
      const status = readFileSync(`/proc/${program.child.pid}/task/${task}/status`, "utf8");
      assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    }
    for (const address of addresses) {
      const client = await UdpClient.open(address);
      await client.announce(OTHER_INFO_HASH, 7001, 0n);
      await assert.rejects(client.announce(INFO_HASH, 7001, 0n));
      client.close();
    }
    writeFileSync(list, `${OTHER_INFO_HASH.toString("hex")}\n`.repeat(2));
    program.child.kill("SIGUSR1");
    await program.output(/INFO {2}main: access list reloaded mode=deny entries=1\n/);
    assert.equal(await program.end("SIGTERM"), 0);
  });

test("an unknown user ends the start with one message", {
  skip: !isRoot && "needs root on Linux",
  timeout: 60_000,
}, async (t) => {
  const config = `${LOOPBACK_CONFIG}[privileges]\ndrop_privileges = true\nuser = "no-such-user"\n`;
  const program = startProgram(t, config);
  assert.equal(await program.ended(), 1);
  assert.match(program.stderr, /^\[privileges\]: No user "no-such-user" in \/etc\/passwd.*\n$/);
});
