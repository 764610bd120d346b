import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  LOOPBACK_CONFIG,
  printingConfig,
  runToEnd,
  startProgram,
  temporaryFolder,
  UdpClient,
} from "@swarmtide/test-kit";
import { defaultConfig, readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";

const TIMEOUT = { timeout: 60_000 };
const INFO_HASH = Buffer.from("0123456789abcdef0123456789abcdef01234567", "hex");

test("-v prints the version and -h the usage", () => {
  assert.match(runToEnd("-v").stdout, /^swarmtide \d+\.\d+\.\d+\n$/);
  const help = runToEnd("udp", "--help");
  assert.match(help.stdout, /^Usage: swarmtide udp \[OPTIONS\]$/m);
  assert.equal(help.code, 0);
});

test("-p prints a configuration that reads as the defaults", () => {
  const { code, stdout } = runToEnd("-p");
  assert.equal(code, 0);
  assert.deepEqual(readConfig(trackerSchema, stdout, "p"), defaultConfig(trackerSchema));
});

test("load-test has a configuration of its own, and without an answer it ends with code 1 on a signal", {
  ...TIMEOUT,
  skip: process.platform === "linux" ? false : "load-test udp sends with Linux' sendmmsg",
}, async (context) => {
  assert.match(runToEnd("load-test", "udp", "-p").stdout, /^target_rate = 0$/m);
  const silent = createSocket("udp4");
  silent.bind(0, "127.0.0.1");
  await once(silent, "listening");
  context.after(() => silent.close());
  const config = `server_address = "127.0.0.1:${silent.address().port}"\n[requests]\nnumber_of_torrents = 9\nnumber_of_peers = 9\n`;
  const program = startProgram(context, config, { args: ["load-test", "udp", "--json"] });
  await once(silent, "message");
  assert.equal(await program.end("SIGINT"), 1);
  assert.equal(JSON.parse(program.stdout).responsesPerSecond, 0);
  assert.match(program.stderr, /^The tracker answered nothing$/m);
});

test("arguments that are not understood end with the usage on stderr and code 2", () => {
  for (const args of [["--bogus"], ["upd"], ["udp", "x"], ["-c"]]) {
    const { code, stdout, stderr } = runToEnd(...args);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^swarmtide: .+ \[SWARMTIDE_USAGE\]\nUsage: swarmtide /);
  }
});

test("a port in use ends with one message that names it and code 1", TIMEOUT, async (t) => {
  const taken = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const address = `127.0.0.1:${taken.address().port}`;
  const program = startProgram(t, `[udp]\nworkers = 2\naddress_ipv4 = "${address}"\n`, {
    args: ["udp"],
  });
  assert.equal(await program.ended(), 1);
  assert.match(program.stderr, /^.*\.toml:3: udp\.address_ipv4: .* \[SWARMTIDE_PORT_IN_USE\]\n$/);
  assert.ok(program.stderr.includes(address), program.stderr);
  assert.match(program.stderr, /EADDRINUSE/);
});

for (const engine of ["mmsg", "uring", "dgram"])
  test(
    `peers find each other over both families through the engine ${engine}`,
    TIMEOUT,
    async (t) => {
      const config = `${LOOPBACK_CONFIG}engine = "${engine}"\nworkers = 2\npeer_announce_interval = 100\n`;
      const program = startProgram(t, config, { args: ["udp"] });
      for (const address of await program.addresses()) {
        const client = await UdpClient.open(address);
        const alone = await client.announce(INFO_HASH, 7001, 0n);
        assert.deepEqual(
          { ...alone, interval: 0 },
          { interval: 0, leechers: 0, seeders: 1, peers: [] },
        );
        assert.ok(alone.interval >= 90 && alone.interval <= 110);
        const found = await client.announce(INFO_HASH, 7002, 5n);
        const host = address.startsWith("[") ? "00000000000000000000000000000001" : "127.0.0.1";
        assert.deepEqual(found.peers, [`${host}:7001`]);
        assert.equal(found.leechers, 1);
        client.close();
      }
      assert.equal(await program.end("SIGTERM"), 0);
      assert.match(program.stderr, /ipv4: requests=3 connect=1 announce=2 .* ipv6: requests=3 /);
    },
  );

test("SIGINT ends it with code 0 and the sums of what it did", TIMEOUT, async (t) => {
  const program = startProgram(t, printingConfig());
  const [address = ""] = await program.addresses();
  const client = await UdpClient.open(address);
  await client.announce(INFO_HASH, 7001, 0n);
  client.close();
  assert.equal(await program.end("SIGINT"), 0);
  assert.match(
    program.stdout,
    /\nstatistics of \d+ seconds torrents=1 ipv4: requests=2 connect=1 announce=1 scrape=0 error=0 peers=1 seeders=1 ipv6: requests=0 .*\n$/,
  );
});

test("a block of statistics comes at each interval where it is asked for", TIMEOUT, async (t) => {
  const program = startProgram(t, printingConfig("interval = 1\n"));
  await program.output(
    /(=== swarmtide \S+ statistics, [\s\S]*\nRequests +a second now [\s\S]*\n {2}torrents +0\n[\s\S]*){2}/,
  );
  assert.equal(await program.end("SIGTERM"), 0);
});

test("with a log in JSON statistics are a JSON object a line", TIMEOUT, async (t) => {
  const program = startProgram(t, `log_format = "json"\n${printingConfig("interval = 1\n")}`);
  await program.output(/"statistics"[\s\S]*"statistics"/);
  assert.equal(await program.end("SIGTERM"), 0);
  for (const line of program.stdout.trim().split("\n"))
    assert.equal(JSON.parse(line).statistics.swarms.torrents, 0);
});

test("the log can be JSON, the start-up lines with it", TIMEOUT, async (t) => {
  const program = startProgram(t, `log_format = "json"\n${LOOPBACK_CONFIG}`);
  await program.output(/Point clients at/);
  assert.equal(await program.end("SIGTERM"), 0);
  assert.equal(program.stdout, "");
  for (const line of program.stderr.trim().split("\n")) assert.ok(JSON.parse(line).time);
});

test(
  "the access list is reloaded on signals, and a bad one leaves the old one in force",
  TIMEOUT,
  async (t) => {
    const path = join(temporaryFolder(t), "list.txt");
    const other = Buffer.alloc(20, 0xee);
    writeFileSync(path, `${INFO_HASH.toString("hex")}\n`);
    const config = `${LOOPBACK_CONFIG}\n[access_list]\nmode = "allow"\npath = "${path}"\n`;
    const program = startProgram(t, config);
    const [address = ""] = await program.addresses();
    const client = await UdpClient.open(address);
    t.after(() => client.close());
    await client.announce(INFO_HASH, 7001, 0n);
    await assert.rejects(client.announce(other, 7001, 0n));

    writeFileSync(path, `# two\n${other.toString("hex")}\nzz\n`);
    program.child.kill("SIGHUP");
    await program.output(
      /ERROR main: access list .*list\.txt:3: "zz" is not an info hash.*; the old list stays code=SWARMTIDE_ACCESS_LIST_INVALID\n/,
    );
    await client.announce(INFO_HASH, 7001, 0n);
    await assert.rejects(client.announce(other, 7001, 0n));

    writeFileSync(path, `${other.toString("hex")}\n`);
    program.child.kill("SIGUSR1");
    await program.output(/INFO {2}main: access list reloaded mode=allow entries=1\n/);
    // A worker takes the list over when it next comes back from waiting.
    for (;;) {
      const refused = await client.announce(INFO_HASH, 7001, 0n).then(
        () => false,
        () => true,
      );
      if (refused) break;
    }
    await client.announce(other, 7001, 0n);
    assert.equal(await program.end("SIGTERM"), 0);
  },
);

test("a worker that dies at the start ends it with its name and code 1", TIMEOUT, async (t) => {
  for (const [name, mark] of [
    ["udp-1", "cpu"],
    ["(http|web)-1", "ports"],
    ["cleaning", "log"],
  ]) {
    const preload = join(temporaryFolder(t), "preload.cjs");
    writeFileSync(
      preload,
      `const { workerData } = require("node:worker_threads");
      if (workerData && "${mark}" in workerData.setup) throw new Error("out of luck");`,
    );
    const env = { NODE_OPTIONS: `--require=${preload}` };
    const program = startProgram(t, LOOPBACK_CONFIG, { env });
    assert.equal(await program.ended(), 1);
    assert.match(
      program.stderr,
      new RegExp(`^worker ${name} failed: Error: out of luck \\[SWARMTIDE_WORKER_DIED\\]\n`),
    );
  }
});

test(
  "a worker that dies later takes the program down with its name and code 1",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const flag = join(folder, "flag");
    writeFileSync(
      join(folder, "preload.cjs"),
      `const { existsSync } = require("node:fs");
    const { workerData } = require("node:worker_threads");
    const wait = Atomics.wait;
    if (workerData && "log" in workerData.setup)
      Atomics.wait = (...args) => {
        if (existsSync(${JSON.stringify(flag)})) throw new Error("out of luck");
        return wait(...args);
      };`,
    );
    const env = { NODE_OPTIONS: `--require=${join(folder, "preload.cjs")}` };
    const program = startProgram(t, LOOPBACK_CONFIG, { env });
    await program.addresses();
    writeFileSync(flag, "");
    assert.equal(await program.ended(), 1);
    assert.match(
      program.stderr,
      / ERROR main: worker cleaning failed: Error: out of luck\n {4,}at /,
    );
    assert.match(program.stderr, / code=SWARMTIDE_WORKER_DIED$/m);
  },
);
