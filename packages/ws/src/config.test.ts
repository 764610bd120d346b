import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig, printDefaultConfig, readConfig, section } from "@swarmtide/toml-config";
import { wsSection } from "./config.ts";

const schema = section("", { ws: wsSection });
const read = (text: string) => readConfig(schema, text, "c.toml").ws;

test("the printed default reads back as the default", () => {
  assert.deepEqual(read(printDefaultConfig(schema)), defaultConfig(wsSection));
  assert.equal(defaultConfig(wsSection).maxUnsentBeforeDrop, 32_768);
});

test("combinations that defeat their purpose are refused with the key to change", () => {
  assert.throws(
    () => read("[ws]\nping_interval = 180\n"),
    /c\.toml:2: ws\.ping_interval = 180: expected less than/,
  );
  assert.throws(() => read("[ws]\nmax_peer_age = 120\n"), /ws\.max_peer_age = 120: expected above/);
  assert.throws(
    () => read("[ws]\nmax_unsent_before_drop = 300000\n"),
    /ws\.max_unsent_before_drop/,
  );
});

test("allowed origins are origins: a scheme and a host, no path", () => {
  const origins = (list: string) => read(`[ws]\nallowed_origins = ${list}\n`).allowedOrigins;
  assert.deepEqual(origins('["https://a.example", "http://localhost:8080"]'), [
    "https://a.example",
    "http://localhost:8080",
  ]);
  for (const bad of [
    '["a.example"]',
    '["https://a.example/"]',
    '["https://A.example"]',
    '[""]',
    '"https://a"',
  ])
    assert.throws(() => origins(bad), /allowed_origins/);
});
