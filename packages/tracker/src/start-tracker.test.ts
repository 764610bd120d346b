import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { startTracker } from "./start-tracker.ts";
import { LOOPBACK_CONFIG } from "./testing/program.ts";
import { UdpClient } from "./testing/udp-client.ts";

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

const portOf = (address = "") => ({ host: "127.0.0.1", port: Number(address.split(":")[1]) });
