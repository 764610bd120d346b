import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { LOOPBACK_CONFIG, temporaryFolder, UdpClient, until } from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { startConfigured } from "./start-configured.ts";
import { startTracker } from "./start-tracker.ts";

const loopback = readConfig(trackerSchema, `log_level = "off"\n${LOOPBACK_CONFIG}`, "test");
/** Little memory: what several trackers of one process reserve adds up, and no child starts beyond what the host has. */
const config = {
  ...loopback,
  swarm: { ...loopback.swarm, maxMemory: 64 },
  ws: { ...loopback.ws, maxMemory: 64 },
};

test("a tracker runs inside another program, and two of them side by side", {
  timeout: 60_000,
}, async () => {
  const [one, two] = await Promise.all([startTracker(config), startTracker(config)]);
  const infoHash = Buffer.alloc(20, 1);
  for (const tracker of [one, two]) {
    const client = await UdpClient.open(tracker.addresses[0]?.address ?? "");
    const answer = await client.announce(infoHash, 7001, 0n);
    assert.deepEqual([answer.seeders, answer.peers], [1, []]);
    client.close();
    assert.equal(tracker.statistics().ipv4.announce, 1);
  }
  await one.stop();
  await one.stop();
  await two.stop();
  const again = await startTracker({
    ...config,
    udp: { ...config.udp, useIpv6: false, addressIpv4: portOf(one.addresses[0]?.address) },
  });
  assert.equal(again.addresses[0]?.address, one.addresses[0]?.address);
  await again.stop();
});

describe("options of an embedding program", () => {
  const onLoopback = { addressIpv4: "127.0.0.1:0", addressIpv6: "[::1]:0" };

  test("leave everything else at its default; with port 0 both families share a free port", {
    timeout: 60_000,
  }, async (t) => {
    const tracker = await startTracker({
      logLevel: "off",
      udp: { ...onLoopback, port: 0 },
      web: { ...onLoopback, port: 0 },
    });
    t.after(() => tracker.stop());
    assert.deepEqual(
      tracker.protocols.map(({ name, addresses }) => [name, addresses.length]),
      [
        ["udp", 2],
        ["http", 2],
        ["ws", 2],
      ],
    );
    for (const { addresses } of tracker.protocols) {
      const ports = new Set(addresses.map(({ address }) => address.split(":").at(-1)));
      assert.equal(ports.size, 1, `${[...ports]}`);
      assert.ok(!ports.has("0"));
    }
  });

  test("may be missing altogether: port 3000 of every address", {
    timeout: 60_000,
    skip: !canUnshare() && "needs a network namespace of its own",
  }, async (t) => {
    const script = join(temporaryFolder(t), "embed.mjs");
    const text = `
      const { startTracker } = await import(${JSON.stringify(new URL("./index.js", import.meta.url).href)});
      const tracker = await startTracker();
      console.log(tracker.addresses.map(({ protocol, address }) => protocol + " " + address).join(", "));
      await tracker.stop();`;
    writeFileSync(script, text);
    const run = promisify(execFile);
    const { stdout } = await run("unshare", ["-rn", process.execPath, script]);
    assert.equal(
      stdout,
      `${["udp", "http", "ws"].map((name) => `${name} 0.0.0.0:3000, ${name} [::]:3000`).join(", ")}\n`,
    );
  });

  test("that are wrong are refused with the key as the program wrote it", async () => {
    const code = "SWARMTIDE_CONFIG_INVALID";
    await assert.rejects(startTracker({ udp: { maxResponsePeers: 9000 } }), {
      ...{ name: "ConfigError", code },
      message: "options: udp.maxResponsePeers = 9000: expected a whole number from 1 to 200",
    });
    await assert.rejects(startTracker(JSON.parse('{"udp": {"prot": 0}, "swarms": {}}')), {
      ...{ name: "ConfigError", code },
      message:
        "options: swarms: unknown section, did you mean swarm?\n" +
        "options: udp.prot: unknown key, did you mean udp.port?",
    });
    await assert.rejects(
      startTracker({
        ...{ logLevel: "off", udp: { enabled: false }, ws: { enabled: false } },
        web: { useIpv6: false, addressIpv4: "192.0.2.1:0" },
      }),
      { code: "SWARMTIDE_ADDRESS_UNAVAILABLE", message: /^web\.addressIpv4: bind 192\.0\.2\.1:0 / },
    );
  });
});

const fastCleaning = { ...config.swarm, torrentCleaningInterval: 1 };

test("peers that do not announce again are forgotten, and their torrent with them", {
  timeout: 60_000,
}, async (t) => {
  const tracker = await startConfigured({ ...config, swarm: { ...fastCleaning, maxPeerAge: 2 } });
  t.after(() => tracker.stop());
  const client = await UdpClient.open(tracker.addresses[1]?.address ?? "");
  await client.announce(Buffer.alloc(20, 1), 7001, 0n);
  client.close();
  assert.deepEqual(
    [
      tracker.statistics().ipv6.peers,
      tracker.statistics().ipv6.seeders,
      tracker.statistics().torrents,
    ],
    [1, 1, 1],
  );
  await until("the torrent is forgotten", () => tracker.statistics().torrents === 0);
  assert.equal(tracker.statistics().ipv6.peers, 0);
});

test("torrents that a reloaded list refuses vanish with the next cleaning, others stay", {
  timeout: 60_000,
}, async (t) => {
  const path = join(temporaryFolder(t), "list.txt");
  writeFileSync(path, "");
  const tracker = await startTracker({
    ...config,
    swarm: fastCleaning,
    accessList: { mode: "deny", path },
  });
  t.after(() => tracker.stop());
  const client = await UdpClient.open(tracker.addresses[0]?.address ?? "");
  await client.announce(Buffer.alloc(20, 1), 7001, 0n);
  await client.announce(Buffer.alloc(20, 2), 7001, 0n);
  client.close();
  writeFileSync(path, `${"01".repeat(20)}\n`);
  await tracker.reload();
  await until("the refused torrent is gone", () => tracker.statistics().torrents === 1);
  assert.equal(tracker.statistics().ipv4.peers, 1);
});

const portOf = (address = "") => ({ host: "127.0.0.1", port: Number(address.split(":")[1]) });

/** Whether processes get network namespaces here. */
function canUnshare(): boolean {
  return spawnSync("unshare", ["-rn", "true"]).status === 0;
}
