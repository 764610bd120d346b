import assert from "node:assert/strict";
import { test } from "node:test";
import { AnnounceInterval } from "@swarmtide/swarm";
import {
  ConfigError,
  defaultConfig,
  printDefaultConfig,
  readConfig,
  section,
} from "@swarmtide/toml-config";
import { httpSection } from "./config.ts";
import { handlerOptionsOf } from "./handler-options.ts";

const file = section("", { http: httpSection });

test("the printed default reads back as the defaults, and those make a handler", () => {
  const config = readConfig(file, printDefaultConfig(file), "default.toml");
  assert.deepEqual(config, defaultConfig(file));
  assert.deepEqual(handlerOptionsOf(config.http, 5), {
    config: config.http,
    replyRoom: { maxResponsePeers: 1000, maxScrapeTorrents: 1000 },
    interval: new AnnounceInterval(900, 5),
  });
});

test("a least interval above the shortest interval is refused by name", () => {
  const text = "[http]\npeer_announce_interval = 100\npeer_min_announce_interval = 95\n";
  assert.throws(
    () => readConfig(file, text, "x.toml"),
    (error) => error instanceof ConfigError && /peer_min_announce_interval/.test(error.message),
  );
});

test("a key that was renamed is told its new name", () => {
  assert.throws(
    () => readConfig(file, "[http]\nmax_peers = 30\n", "x.toml"),
    (error) =>
      error instanceof ConfigError &&
      error.message === "x.toml:2: http.max_peers: is now http.max_response_peers",
  );
});
