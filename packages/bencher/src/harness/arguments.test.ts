import assert from "node:assert/strict";
import { test } from "node:test";
import { udpBenchmark } from "../protocols/udp/udp.ts";
import { wsBenchmark } from "../protocols/ws/ws.ts";
import { readArguments, UsageError, usageOf } from "./arguments.ts";
import { inTurns } from "./program.ts";

test("without arguments every server runs four times under every load", () => {
  const read = readArguments(wsBenchmark, []);
  assert.equal(read?.rounds, 4);
  assert.deepEqual(read?.tables, ["mix", "short", "large", "connections"]);
  assert.deepEqual(read?.servers, wsBenchmark.servers);
  assert.deepEqual(read?.load, {
    ...{ durationSeconds: 20, warmupSeconds: 5, serverCpu: 0, loadCpu: 1 },
    ...{ connections: 10_000, hold: 40 },
  });
});

test("in a hurry the load is small, but for what is asked for", () => {
  const read = readArguments(udpBenchmark, ["--quick", "--peers", "7"]);
  assert.deepEqual([read?.rounds, read?.load.torrents, read?.load.peers], [1, 100_000, 7]);
});

test("the usage names the options of every benchmark and those of the protocol", () => {
  const usage = usageOf(udpBenchmark);
  for (const option of ["--rounds N", "--duration S", "--torrents N", "--from FILE", "(1000000)"])
    assert.ok(usage.includes(option), option);
  assert.ok(!usage.includes("--hold"));
  assert.equal(readArguments(udpBenchmark, ["-h"]), undefined);
});

for (const [args, complaint] of [
  [["--rounds", "0"], /--rounds 0: expected a whole number from 1 on/],
  [["--duration", "5"], /--duration 5: expected a whole number from 11 on/],
  [["--servers", "aquatic,other"], /--servers: "other" is not one of floor, aquatic, swarmtide/],
  [["--hold", "5"], /hold/],
] as const)
  test(`${args.join(" ")} is refused with what was expected`, () => {
    assert.throws(
      () => readArguments(udpBenchmark, args),
      (error) => error instanceof UsageError && complaint.test(error.message),
    );
  });

test("servers take turns there and back, so that none is always first", async () => {
  const ran: string[] = [];
  const rounds = await inTurns(["a", "b", "c"], 3, async (server, round) => {
    ran.push(`${server}${round}`);
    return server;
  });
  assert.deepEqual(ran, ["a0", "b0", "c0", "c1", "b1", "a1", "a2", "b2", "c2"]);
  assert.deepEqual(rounds[1], ["c", "b", "a"]);
});
