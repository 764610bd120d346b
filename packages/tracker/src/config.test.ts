import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { defaultConfig, printDefaultConfig, readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { configDocs, configDocsPath } from "./config-docs.ts";

test("the printed default configuration reads back as the defaults", () => {
  const printed = printDefaultConfig(trackerSchema);
  assert.deepEqual(readConfig(trackerSchema, printed, "p.toml"), defaultConfig(trackerSchema));
});

test("without a file the tracker listens on port 3000 of both families", () => {
  const { udp } = defaultConfig(trackerSchema);
  assert.deepEqual(udp.addressIpv4, [{ host: "0.0.0.0", port: 3000 }]);
  assert.deepEqual(udp.addressIpv6, [{ host: "::", port: 3000 }]);
  assert.equal(udp.useIpv4 && udp.useIpv6, true);
});

test("docs/configuration.md is what the schema says (npm run docs writes it)", () => {
  assert.equal(readFileSync(configDocsPath, "utf8"), configDocs());
});

test("peers that would be forgotten before they announce again are refused, for UDP and for HTTP", () => {
  const read = (text: string) => readConfig(trackerSchema, text, "c.toml");
  assert.throws(
    () => read("[swarm]\nmax_peer_age = 990\n"),
    /^ConfigError: c\.toml:2: swarm\.max_peer_age = 990: expected above udp\.peer_announce_interval = 900 and its 10 % on top$/,
  );
  assert.throws(
    () => read("[http]\npeer_announce_interval = 1100\n"),
    /swarm\.max_peer_age = 1200: expected above http\.peer_announce_interval = 1100/,
  );
  assert.equal(read("[swarm]\nmax_peer_age = 991\n").swarm.maxPeerAge, 991);
  const off =
    "[udp]\nenabled = false\n[http]\npeer_announce_interval = 300\npeer_min_announce_interval = 100\n";
  assert.equal(read(`${off}[swarm]\nmax_peer_age = 400\n`).swarm.maxPeerAge, 400);
});

test("renewals so rare that other nodes would forget peers between them are refused, where there is a cluster", () => {
  const read = (text: string) => readConfig(trackerSchema, text, "c.toml");
  const servers = '[cluster]\nservers = ["nats://127.0.0.1:4222"]\n';
  assert.throws(
    () => read(`${servers}renewals = 211\n`),
    /^ConfigError: c\.toml:3: cluster\.renewals = 211: expected at most 210: swarm\.max_peer_age = 1200 less the longest peer_announce_interval and its 10 %$/,
  );
  assert.equal(read(`${servers}renewals = 210\n`).cluster.renewals, 210);
  assert.equal(
    read(`${servers}renewals = 2700\n[swarm]\nmax_peer_age = 3900\n`).cluster.renewals,
    2700,
  );
  assert.equal(read("[cluster]\nrenewals = 3600\n").cluster.renewals, 3600);
});

test("a misplaced key is told every section that has it", () => {
  assert.throws(
    () => readConfig(trackerSchema, "[swarm]\nworkers = 2\n", "c.toml"),
    /c\.toml:2: swarm\.workers: unknown key, it belongs in \[udp\], \[web\] or \[http\]$/,
  );
});
