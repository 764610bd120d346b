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

test("so is the line of a start that fails", TIMEOUT, async (t) => {
  const taken = createServer().listen(0, "127.0.0.1");
  t.after(() => taken.close());
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const path = join(temporaryFolder(t), "config.toml");
  const config = LOOPBACK_CONFIG.replace(
    'address_ipv4 = "127.0.0.1:0"',
    `address_ipv4 = "127.0.0.1:${port}"`,
  );
  writeFileSync(path, `log_format = "json"\n${config}`);
  const { code, stdout, stderr } = runToEnd("-c", path);
  assert.deepEqual([code, stdout], [1, ""]);
  const line = linesOf(stderr).at(-1);
  assert.equal(line?.level, "error");
  assert.equal(line?.code, "SWARMTIDE_PORT_IN_USE");
  assert.match(String(line?.message), new RegExp(`web\\.address_ipv4.*${port}`));
});
