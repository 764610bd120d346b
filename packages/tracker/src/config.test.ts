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
  assert.deepEqual(udp.addressIpv4, { host: "0.0.0.0", port: 3000 });
  assert.deepEqual(udp.addressIpv6, { host: "::", port: 3000 });
  assert.equal(udp.useIpv4 && udp.useIpv6, true);
});

test("docs/configuration.md is what the schema says (npm run docs writes it)", () => {
  assert.equal(readFileSync(configDocsPath, "utf8"), configDocs());
});
