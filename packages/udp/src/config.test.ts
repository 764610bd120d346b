import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig, section } from "@swarmtide/toml-config";
import { udpSection } from "./config.ts";
import { infoHash, scrapeRequest, TestTracker } from "./testing/tracker-client.ts";

const schema = section("", { udp: udpSection });
const read = (text: string) => readConfig(schema, text, "c.toml");

test("both families off is refused, unless the UDP tracker itself is off", () => {
  const bothOff = "[udp]\nuse_ipv4 = false\nuse_ipv6 = false\n";
  assert.throws(
    () => read(bothOff),
    /^ConfigError: c\.toml:3: udp\.use_ipv6 = false: expected true/,
  );
  assert.equal(read(`${bothOff}enabled = false`).udp.enabled, false);
});

test("a dual-stack IPv6 socket beside an IPv4 socket is refused, since both would want the port", () => {
  const text = "[udp]\nset_only_ipv6 = false\n";
  assert.throws(() => read(text), /c\.toml:2: udp\.set_only_ipv6 = false: expected true/);
  assert.equal(read(`${text}use_ipv4 = false`).udp.setOnlyIpv6, false);
});

test("by default a scrape of 74 torrents, all that BEP 15 leaves room for, is answered whole", () => {
  const tracker = new TestTracker({ scrapeTorrentsMax: read("").udp.maxScrapeTorrents });
  const hashes = Array.from({ length: 74 }, (_, i) => infoHash(i));
  const reply = tracker.send(scrapeRequest(tracker.connect([10, 0, 0, 1]), hashes), [10, 0, 0, 1]);
  assert.equal(reply.length, 8 + 74 * 12);
});
