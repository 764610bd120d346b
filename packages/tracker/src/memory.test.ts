import assert from "node:assert/strict";
import { totalmem } from "node:os";
import { test } from "node:test";
import {
  cgroupsMissing,
  LOOPBACK_CONFIG,
  limitedCgroup,
  startProgram,
  UdpClient,
} from "@swarmtide/test-kit";

const TIMEOUT = { timeout: 60_000 };
const INFO_HASH = Buffer.from("0123456789abcdef0123456789abcdef01234567", "hex");

test("where address space is limited, the swarms take what the threads leave, and say so", {
  ...TIMEOUT,
  skip: process.platform !== "linux" && "ulimit -v works on Linux",
}, async (t) => {
  const program = startProgram(t, LOOPBACK_CONFIG, { addressSpaceKib: 12_000_000 });
  const [address = ""] = await program.addresses();
  const [, mib] = await program.output(/^Memory: (\d+) MiB for swarms, \d+ MiB for WebTorrent/m);
  assert.ok(Number(mib) >= 64 && Number(mib) < 12_000, `${mib} MiB`);
  const client = await UdpClient.open(address);
  await client.announce(INFO_HASH, 7001, 0n);
  client.close();
  assert.equal(await program.end("SIGTERM"), 0);
  const tooTight = startProgram(t, LOOPBACK_CONFIG, { addressSpaceKib: 2_000_000 });
  assert.equal(await tooTight.ended(), 1);
  assert.match(
    tooTight.stderr,
    /^swarm\.max_memory = 0: less than 64 MiB is left for the swarms by the address space limit \(ulimit -v\); .* \[SWARMTIDE_MEMORY_TOO_SMALL\]\n$/,
  );
});

test("more memory than can be reserved is an error that names the limit and the line", {
  ...TIMEOUT,
  skip: process.platform !== "linux" && "ulimit -v works on Linux",
}, async (t) => {
  const config = `${LOOPBACK_CONFIG}[swarm]\nmax_memory = 20000\n`;
  const program = startProgram(t, config, { addressSpaceKib: 12_000_000 });
  assert.equal(await program.ended(), 1);
  assert.match(
    program.stderr,
    /config\.toml:\d+: swarm\.max_memory = 20000: the address space limit \(ulimit -v\) leaves \d+ MiB for the swarms; raise that limit, or set at most \d+, or 0 for a share of the memory \[SWARMTIDE_MEMORY_TOO_SMALL\]\n$/,
  );
});

test("more memory than the host has is a warning with both numbers", {
  ...TIMEOUT,
  skip: totalmem() > 60 * 2 ** 30 && "this host has more memory than can be configured",
}, async (t) => {
  const program = startProgram(t, `${LOOPBACK_CONFIG}[swarm]\nmax_memory = 65536\n`);
  await program.output(/^Memory: 65536 MiB for swarms, /m);
  const [, rest, whole] = await program.output(
    /WARN {2}main: swarm\.max_memory = 65536: more than the (\d+) MiB that .+ \((\d+) MiB\) leaves/,
  );
  assert.ok(Number(rest) < Number(whole) && Number(whole) < 65_536);
  assert.equal(await program.end("SIGTERM"), 0);
});

test("in a cgroup with 512 MiB the start line says so, and the shares fit", {
  ...TIMEOUT,
  skip: cgroupsMissing(),
}, async (t) => {
  const cgroup = limitedCgroup(t, 512 * 2 ** 20);
  const program = startProgram(t, LOOPBACK_CONFIG, { cgroup });
  await program.output(
    /^Memory: 176 MiB for swarms, 88 MiB for WebTorrent and 1056 connections, of 512 MiB that cgroup \S+ \(memory\.limit_in_bytes\) has$/m,
  );
  assert.equal(await program.end("SIGTERM"), 0);
});
