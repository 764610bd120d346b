import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
  UdpClient,
  until,
} from "@swarmtide/test-kit";

const TIMEOUT = { timeout: 60_000 };
const FILM = Buffer.alloc(20, 7);

describe("SIGHUP", { skip: process.platform === "win32" && "signals are Unix's" }, () => {
  test(
    "applies what can change, names what needs a restart, and changes nothing where a key is wrong",
    TIMEOUT,
    async (t) => {
      const program = startProgram(t, LOOPBACK_CONFIG);
      const [address = ""] = await program.addresses();
      const file = program.child.spawnargs.at(-1) ?? "";
      const client = await UdpClient.open(address);
      t.after(() => client.close());
      const write = (udp: string) =>
        writeFileSync(file, LOOPBACK_CONFIG.replace("[udp]\n", `[udp]\n${udp}\n`));

      write("peer_announce_interval = 60\nmax_response_peers = 7\nworkers = 2");
      program.child.kill("SIGHUP");
      await program.output(
        /INFO {2}main: configuration \(udp\.max_response_peers, udp\.peer_announce_interval\) reloaded\n/,
      );
      await program.output(/WARN {2}main: changed, but needs a restart: udp\.workers\n/);
      await until("the worker has the new interval", async () => {
        return (await client.announce(FILM, 1, 1n)).interval <= 66;
      });

      write('peer_announce_interval = 600\nmax_response_peers = "many"');
      program.child.kill("SIGHUP");
      await program.output(
        /ERROR main: .*config\.toml:\d+: udp\.max_response_peers = "many": expected .* code=SWARMTIDE_CONFIG_INVALID\n/,
      );
      await program.output(/ERROR main: not reloaded: the old configuration remains in use/);
      assert.ok((await client.announce(FILM, 1, 1n)).interval <= 66);

      write("peer_announce_interval = 60\nmax_response_peers = 7");
      program.child.kill("SIGHUP");
      await program.output(/INFO {2}main: configuration without changes reloaded\n/);
      assert.equal(await program.end("SIGTERM"), 0);
    },
  );

  test("tells what a hand-over changes from what only a restart does", {
    ...TIMEOUT,
    skip: process.platform === "linux" ? false : "sockets are handed over on Linux alone",
  }, async (t) => {
    const control = join(temporaryFolder(t), "control");
    const config = `${LOOPBACK_CONFIG}\n[handover]\ncontrol_socket = "${control}"\n`;
    const program = startProgram(t, config);
    await program.addresses();
    const changed = config.replace("[udp]\n", '[udp]\nworkers = 2\nengine = "dgram"\n');
    writeFileSync(program.child.spawnargs.at(-1) ?? "", changed);
    program.child.kill("SIGHUP");
    await program.output(/changed, but needs a restart or a hand-over: udp\.workers\n/);
    await program.output(/changed, but needs a restart: udp\.engine\n/);
    assert.equal(await program.end("SIGTERM"), 0);
  });

  test("changes the level of the log, the access list's mode and its path", TIMEOUT, async (t) => {
    const program = startProgram(t, LOOPBACK_CONFIG);
    const [address = ""] = await program.addresses();
    const file = program.child.spawnargs.at(-1) ?? "";
    const client = await UdpClient.open(address);
    t.after(() => client.close());
    await client.announce(FILM, 1, 1n);
    const list = `${file}.list`;
    writeFileSync(list, `${FILM.toString("hex")}\n`);
    const more = `\n[access_list]\nmode = "deny"\npath = "${list}"\n[swarm]\ntorrent_cleaning_interval = 1\n`;
    writeFileSync(file, `log_level = "debug"\n${LOOPBACK_CONFIG}${more}`);
    program.child.kill("SIGHUP");
    await program.output(/access list reloaded mode=deny entries=1\n/);
    await program.output(/DEBUG cleaning: cleaned peersRemoved=\d torrentsRemoved=1/);
    await assert.rejects(client.announce(FILM, 1, 1n), /not allowed/);
    writeFileSync(file, `log_level = "warn"\n${LOOPBACK_CONFIG}`);
    program.child.kill("SIGHUP");
    await until("the torrent is served again", async () => {
      return await client.announce(FILM, 1, 1n).catch(() => undefined);
    });
    assert.doesNotMatch(program.stderr, /the access list is off/);
  });

  test(
    "a configuration that cannot be read again stays in use, and lists are reloaded all the same",
    TIMEOUT,
    async (t) => {
      const program = startProgram(t, `${LOOPBACK_CONFIG}[privileges]\n`);
      await program.addresses();
      const file = program.child.spawnargs.at(-1) ?? "";
      renameSync(file, `${file}.gone`);
      program.child.kill("SIGHUP");
      await program.output(
        /WARN {2}main: .*config\.toml: no such file.*; the old configuration remains in use code=SWARMTIDE_CONFIG_UNREADABLE\n/,
      );
      await program.output(/main: nothing to reload for access_list\.mode = "off"\n/);
      assert.equal(await program.end("SIGTERM"), 0);
    },
  );
});
