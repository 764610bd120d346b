/** A tracker with TLS inside the test's process, for tests of WebTorrent. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { LOOPBACK_CONFIG, until } from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "../config.ts";
import { startTracker } from "../start-tracker.ts";

/** A file of the TCP room, such as a certificate. */
export const testdata = (name: string) =>
  fileURLToPath(new URL(`../../../tcp/testdata/${name}`, import.meta.url));

const TLS = `tls_address_ipv4 = "127.0.0.1:0"
tls_certificate_path = "${testdata("ec.crt")}"
tls_private_key_path = "${testdata("ec-pkcs8.key")}"
`;

/** A tracker on free ports; `web`, `ws` and `rest` are lines of the configuration. */
export async function start(t: TestContext, { web = "", ws = "", rest = "" } = {}) {
  const text = `log_level = "off"\n${LOOPBACK_CONFIG.replace("[web]", `[web]\n${TLS}${web}`)}\n[swarm]\nmax_memory = 64\n[ws]\n${ws}\n${rest}`;
  const tracker = await startTracker(readConfig(trackerSchema, text, "test.toml"));
  t.after(() => tracker.stop());
  const url = (protocol: string) => {
    const found = tracker.addresses.find((address) => address.protocol === protocol);
    return `${protocol}://${found?.address}/any/path`;
  };
  return { tracker, url };
}

/** Waits until a reading is as wanted: what closes a connection is counted a moment later. */
export const settles = (reading: () => unknown, wanted: unknown): Promise<unknown> =>
  until(`${reading} gives ${wanted}`, () => {
    assert.equal(reading(), wanted);
    return true;
  });
