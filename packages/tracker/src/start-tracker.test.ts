import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LOOPBACK_CONFIG, temporaryFolder, UdpClient, until } from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { startTracker } from "./start-tracker.ts";

const config = readConfig(trackerSchema, `log_level = "off"\n${LOOPBACK_CONFIG}`, "test");

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

const fastCleaning = { ...config.swarm, torrentCleaningInterval: 1 };

test("peers that do not announce again are forgotten, and their torrent with them", {
  timeout: 60_000,
}, async (t) => {
  const tracker = await startTracker({ ...config, swarm: { ...fastCleaning, maxPeerAge: 2 } });
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
