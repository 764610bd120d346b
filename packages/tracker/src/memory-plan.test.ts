import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatorError } from "@swarmtide/runtime";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { planMemory } from "./memory-plan.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const HOST = "the host";

/** The plan for a configuration with one worker of each kind and the cleaning thread. */
const plan = (text: string, bytes: number, reservable?: { bytes: number; limit: string }) =>
  planMemory(readConfig(trackerSchema, text, "test"), {
    threads: 4,
    available: { bytes, source: HOST },
    reservable,
  });

test("by default half of what the process leaves is for swarms, a quarter for WebTorrent, a quarter for connections", () => {
  const { config, line, warnings } = plan("", 512 * MIB);
  assert.equal(config.swarm.maxMemory, 176);
  assert.equal(config.ws.maxMemory, 88);
  assert.equal(config.ws.maxBuffered, 22 * MIB);
  assert.equal(config.web.maxConnections, 1056);
  assert.equal(
    line,
    "Memory: 176 MiB for swarms, 88 MiB for WebTorrent and 1056 connections, of 512 MiB that the host has",
  );
  assert.deepEqual(warnings, []);
});

test("a large host serves as many connections as the default says, a small one as many as fit", () => {
  const large = plan("", 24 * GIB).config;
  assert.equal(large.web.maxConnections, 65_536);
  assert.equal(large.ws.maxBuffered, 256 * MIB);
  assert.equal(plan("[ws]\nenabled = false\n", 512 * MIB).config.web.maxConnections, 7509);
});

test("the sum of all bounds is never more than there is, on hosts from 512 MiB to 256 GiB", () => {
  for (let bytes = 512 * MIB; bytes <= 256 * GIB; bytes *= 2) {
    const { swarm, ws, web } = plan("", bytes).config;
    const connections = web.maxConnections * 64 * 1024 + ws.maxBuffered;
    const sum = (swarm.maxMemory + ws.maxMemory) * MIB + connections + 160 * MIB;
    assert.ok(sum <= bytes, `${sum} of ${bytes}`);
  }
});

test("what is configured is kept, and the others share what it leaves", () => {
  const { config, warnings } = plan("[swarm]\nmax_memory = 252\n", 512 * MIB);
  assert.equal(config.swarm.maxMemory, 252);
  assert.equal(config.ws.maxMemory, 50);
  assert.deepEqual(warnings, []);
});

test("without WebTorrent nothing is kept for it, without UDP and HTTP hardly anything for the store", () => {
  const noWs = plan("[ws]\nenabled = false\n", 512 * MIB);
  assert.equal(noWs.config.swarm.maxMemory, 234);
  assert.match(noWs.line, /^Memory: 234 MiB for swarms and 7509 connections, of/);
  const onlyWs = plan("[udp]\nenabled = false\n[http]\nenabled = false\n", 512 * MIB);
  assert.equal(onlyWs.config.swarm.maxMemory, 64);
  assert.equal(onlyWs.config.ws.maxMemory, 176);
  const onlyUdp = plan("[ws]\nenabled = false\n[http]\nenabled = false\n", 512 * MIB);
  assert.equal(onlyUdp.line, "Memory: 352 MiB for swarms, of 512 MiB that the host has");
});

test("configured values above what there is are warnings with both numbers, each on its own or together", () => {
  const rest = "that the host (512 MiB) leaves beside the program's threads";
  const swarm = plan("[swarm]\nmax_memory = 1000\n", 512 * MIB);
  assert.equal(swarm.config.swarm.maxMemory, 1000);
  assert.equal(swarm.warnings.length, 1);
  assert.ok(
    swarm.warnings[0]?.startsWith(`swarm.max_memory = 1000: more than the 352 MiB ${rest}`),
  );
  const ws = plan("[ws]\nmax_memory = 400\n", 512 * MIB);
  assert.ok(ws.warnings[0]?.startsWith(`ws.max_memory = 400: more than the 352 MiB ${rest}`));
  const both = plan("[swarm]\nmax_memory = 300\n[ws]\nmax_memory = 200\n", 512 * MIB);
  assert.equal(both.warnings.length, 1);
  assert.ok(
    both.warnings[0]?.startsWith(
      `swarm.max_memory = 300 and ws.max_memory = 200: together more than the 352 MiB ${rest}`,
    ),
  );
});

test("more connections or bytes for them than fit are kept where they are configured, with a warning", () => {
  const { config, warnings } = plan("[web]\nmax_connections = 5000\n", 512 * MIB);
  assert.equal(config.web.maxConnections, 5000);
  assert.deepEqual(warnings, [
    "web.max_connections = 5000: the memory for connections (88 MiB) is enough for 1056, at 64 KiB each",
  ]);
  const buffered = plan("[ws]\nmax_buffered = 100000000\n", 512 * MIB);
  assert.equal(buffered.config.ws.maxBuffered, 100_000_000);
  assert.deepEqual(buffered.warnings, [
    "ws.max_buffered = 100000000: the memory for connections (88 MiB) is enough for 23068672 bytes a worker",
  ]);
});

test("addresses that cannot be reserved limit the default, and are an error where more is configured", () => {
  const reservable = { bytes: 1000 * MIB, limit: "the address space limit (ulimit -v)" };
  const withoutWs = "[ws]\nenabled = false\n";
  assert.equal(plan(withoutWs, 24 * GIB, reservable).config.swarm.maxMemory, 1000);
  // WebTorrent's tables reserve two bytes of addresses for one of their budget, a quarter of all.
  const { swarm, ws } = plan("", 24 * GIB, reservable).config;
  assert.deepEqual([swarm.maxMemory, ws.maxMemory], [750, 125]);
  assert.equal(plan("[ws]\nmax_memory = 100\n", 24 * GIB, reservable).config.swarm.maxMemory, 800);
  assert.throws(
    () => plan(`${withoutWs}[swarm]\nmax_memory = 1001\n`, 24 * GIB, reservable),
    new OperatorError(
      "swarm.max_memory = 1001: the address space limit (ulimit -v) leaves 1000 MiB for the swarms; raise that limit, or set at most 1000, or 0 for a share of the memory",
      { code: "SWARMTIDE_MEMORY_TOO_SMALL" },
    ),
  );
  assert.throws(
    () => plan("[ws]\nmax_memory = 469\n", 24 * GIB, reservable),
    new OperatorError(
      "ws.max_memory = 469: its tables reserve 938 MiB of addresses, of which the address space limit (ulimit -v) leaves 936; raise that limit, or set at most 468, or 0 for a share of what there is",
      { code: "SWARMTIDE_MEMORY_TOO_SMALL" },
    ),
  );
  assert.throws(
    () => plan("", 24 * GIB, { ...reservable, bytes: -5 * MIB }),
    /^OperatorError: swarm\.max_memory = 0: less than 64 MiB is left for the swarms by the address/,
  );
});

test("max_memory is 0 or at least 64 MiB, and at most what 64 arenas hold", () => {
  const wanted = (mib: number) => `[swarm]\nmax_memory = ${mib}\n`;
  assert.throws(() => plan(wanted(63), GIB), /max_memory = 63.*expected 0 or at least 64/s);
  assert.throws(() => plan(wanted(65_537), GIB), /max_memory = 65537.*from 0 to 65536/s);
  assert.equal(plan(wanted(65_536), GIB).config.swarm.maxMemory, 65_536);
});

test("on a host that is too small every part gets its least, with a warning", () => {
  const { config, warnings } = plan("", 100 * MIB);
  assert.deepEqual(warnings, [
    "the host has 100 MiB: too little for 64 MiB of swarms beside the program's threads; the kernel may end the tracker",
  ]);
  assert.equal(config.swarm.maxMemory, 64);
  assert.equal(config.ws.maxMemory, 8);
  assert.equal(config.web.maxConnections, 64);
  assert.equal(config.ws.maxBuffered, MIB);
});
