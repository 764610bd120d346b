import assert from "node:assert/strict";
import { test } from "node:test";
import { integer, list, socketAddress, text } from "./keys.ts";
import { readConfig } from "./read.ts";
import { changedKeys, takeReloadable } from "./reload.ts";
import { section } from "./schema.ts";

const schema = section("", {
  level: text({ default: "info", reload: true, doc: "" }),
  udp: section("", {
    workers: integer({ default: 1, min: 0, max: 9, doc: "" }),
    max_peers: integer({ default: 30, min: 1, max: 90, reload: true, doc: "" }),
    address: socketAddress({ default: { host: "0.0.0.0", port: 1 }, family: 4, doc: "" }),
    proxies: list({ default: [], of: text({ default: "", doc: "" }), reload: true, doc: "" }),
  }),
});

const read = (text: string) => readConfig(schema, text, "c.toml");
const before = read('[udp]\nworkers = 2\nproxies = ["::1"]\naddress = "127.0.0.1:1"');

test("keys that differ are named in the order of the schema, with what they need", () => {
  assert.deepEqual(changedKeys(schema, before, before), []);
  const same = '[udp]\nproxies = ["::1"]\naddress = "127.0.0.1:1"\nworkers = 2';
  assert.deepEqual(changedKeys(schema, before, read(same)), []);
  const after = read('level = "off"\n[udp]\nmax_peers = 4\nproxies = ["::1", "::2"]');
  assert.deepEqual(changedKeys(schema, before, after), [
    { name: "level", reload: true, before: '"info"', after: '"off"' },
    { name: "udp.workers", reload: false, before: "2", after: "1" },
    { name: "udp.max_peers", reload: true, before: "30", after: "4" },
    { name: "udp.address", reload: false, before: '"127.0.0.1:1"', after: '"0.0.0.0:1"' },
    { name: "udp.proxies", reload: true, before: '["::1"]', after: '["::1", "::2"]' },
  ]);
});

test("the values of a secret are not told", () => {
  const secrets = section("", { token: text({ default: "", secret: true, doc: "" }) });
  const changed = changedKeys(secrets, { token: "one" }, { token: "two" });
  assert.deepEqual(changed, [
    { name: "token", reload: false, before: "(secret)", after: "(secret)" },
  ]);
});

test("what a reload applies is taken, the rest stays", () => {
  const after = read('level = "off"\n[udp]\nworkers = 3\nmax_peers = 4');
  assert.deepEqual(takeReloadable(schema, before, after), {
    level: "off",
    udp: { ...before.udp, maxPeers: 4, proxies: [] },
  });
});
