import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ConfigError,
  defaultConfig,
  printDefaultConfig,
  readConfig,
  section,
} from "@swarmtide/toml-config";
import { httpSection } from "./config.ts";
import { HTTP_COUNTER_NAMES } from "./counters.ts";
import { handlerOptionsOf } from "./handler-options.ts";

const file = section("", { http: httpSection });

test("the printed default reads back as the defaults, and those make a handler", () => {
  const config = readConfig(file, printDefaultConfig(file), "default.toml");
  assert.deepEqual(config, defaultConfig(file));
  assert.deepEqual(handlerOptionsOf(config.http), {
    peersMax: 50,
    scrapeTorrentsMax: 100,
    intervalSeconds: 900,
    intervalJitter: 0.1,
    minIntervalSeconds: 300,
  });
});

test("a least interval above the shortest interval is refused by name", () => {
  const text = "[http]\npeer_announce_interval = 100\npeer_min_announce_interval = 95\n";
  assert.throws(
    () => readConfig(file, text, "x.toml"),
    (error) => error instanceof ConfigError && /peer_min_announce_interval/.test(error.message),
  );
});

test("counters have names that differ", () => {
  assert.equal(new Set(HTTP_COUNTER_NAMES).size, HTTP_COUNTER_NAMES.length);
});
