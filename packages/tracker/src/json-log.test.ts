import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import {
  LOOPBACK_CONFIG,
  printingConfig,
  runToEnd,
  startProgram,
  temporaryFolder,
} from "@swarmtide/test-kit";

const TIMEOUT = { timeout: 60_000 };

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

test(
  'with log_format = "json" every line of a run is JSON: start, reloads, mistakes, statistics, stop',
  TIMEOUT,
  async (t) => {
    const head = 'log_format = "json"\nlog_level = "debug"\n';
    const config = `${head}${printingConfig("interval = 1\n")}[swarm]\ntorrent_cleaning_interval = 1\n`;
    const program = startProgram(t, config);
    await program.output(/Point clients at/);
    await program.output(/"statistics":/);
    await program.output(/"part":"cleaning"/);
    const file = program.child.spawnargs.at(-1) ?? "";
    for (const [text, told] of [
      [
        config.replace("[udp]\n", "[udp]\npeer_announce_interval = 60\n"),
        /peer_announce_interval = 60/,
      ],
      [config.replace("[udp]\n", "[udp]\nworkers = -1\n"), /udp.workers = -1/],
      [config.replace("interval = 1\n", "interval = 2\n"), /statistics.interval = 2/],
    ] as const) {
      writeFileSync(file, text);
      program.child.kill("SIGHUP");
      await program.output(told);
    }
    assert.equal(await program.end("SIGTERM"), 0);
    for (const line of linesOf(program.stderr))
      assert.deepEqual(Object.keys(line).slice(0, 4), ["time", "level", "part", "message"]);
    for (const line of linesOf(program.stdout)) assert.ok("time" in line && "statistics" in line);
    assert.match(
      program.stderr,
      /"level":"error".*workers = -1.*"code":"SWARMTIDE_CONFIG_INVALID"/,
    );
  },
);

test(
  "so is each problem of a configuration that cannot be read, where the format can be told",
  TIMEOUT,
  (t) => {
    const path = join(temporaryFolder(t), "config.toml");
    const problems = (text: string, ...args: string[]) => {
      writeFileSync(path, text);
      const { code, stdout, stderr } = runToEnd("-c", path, ...args);
      assert.deepEqual([code, stdout], [1, ""]);
      return linesOf(stderr).map((line) => {
        assert.deepEqual([line.level, line.part], ["error", "main"]);
        return `${line.code}: ${String(line.message).replace(path, "FILE")}`;
      });
    };
    const json = 'log_format = "json"\n';
    assert.deepEqual(problems(`${json}[udp]\nworkers = -1\nprot = 1\n`), [
      "SWARMTIDE_CONFIG_INVALID: FILE:3: udp.workers = -1: expected a whole number from 0 to 1024",
      "SWARMTIDE_CONFIG_INVALID: FILE:4: udp.prot: unknown key, did you mean udp.port?",
    ]);
    assert.match(
      problems(`${json}[udp\n`).join(),
      /^SWARMTIDE_CONFIG_INVALID: FILE:2: not valid TOML/,
    );
    assert.match(problems("oops", "--set", "log_format=json").join(), /FILE:1: not valid TOML/);
    const { stderr } = runToEnd("-c", join(path, "none"), "--set", "log_format=json");
    assert.equal(linesOf(stderr)[0]?.code, "SWARMTIDE_CONFIG_UNREADABLE");
    const plain = runToEnd("-c", join(path, "none"));
    assert.doesNotMatch(plain.stderr, /^\{/);
  },
);

test('so is the line of a start that fails, which "off" does not hide', TIMEOUT, async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const path = join(temporaryFolder(t), "config.toml");
  const config = LOOPBACK_CONFIG.replace(
    'address_ipv4 = "127.0.0.1:0"',
    `address_ipv4 = "127.0.0.1:${port}"`,
  );
  for (const level of ["info", "off"]) {
    writeFileSync(path, `log_format = "json"\nlog_level = "${level}"\n${config}`);
    const { code, stdout, stderr } = runToEnd("-c", path);
    assert.deepEqual([code, stdout], [1, ""]);
    const line = linesOf(stderr).at(-1);
    assert.equal(line?.level, "error");
    assert.equal(line?.code, "SWARMTIDE_PORT_IN_USE");
    assert.match(String(line?.message), new RegExp(`web\\.address_ipv4.*${port}`));
  }
});
