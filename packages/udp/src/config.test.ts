import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { test } from "node:test";
import { readConfig, section } from "@swarmtide/toml-config";
import { wrongAddressWarnings } from "./bind.ts";
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

test("an engine that answers from whichever address the kernel chooses is told on a host with several", () => {
  const addressOf = (address: string, internal = false) =>
    ({
      address,
      internal,
      family: address.includes(":") ? "IPv6" : "IPv4",
    }) as NetworkInterfaceInfo;
  const host = [
    [addressOf("127.0.0.1", true), addressOf("::1", true)],
    [addressOf("192.0.2.1"), addressOf("2001:db8::1"), addressOf("fe80::1")],
    [addressOf("192.0.2.2")],
    undefined,
  ];
  const config = read("").udp;
  assert.deepEqual(wrongAddressWarnings(config, { engine: "mmsg" }, host), []);
  assert.deepEqual(wrongAddressWarnings(config, { engine: "dgram" }, host), [
    'udp.address_ipv4 = "0.0.0.0:3000": with the engine "dgram" replies leave from one of 2 addresses (192.0.2.1, 192.0.2.2), whichever was asked; give the one that clients use',
  ]);
  const one = read('[udp]\naddress_ipv4 = "192.0.2.1:3000"\n').udp;
  assert.deepEqual(wrongAddressWarnings(one, { engine: "dgram" }, host), []);
});

test("by default a scrape of 74 torrents, all that BEP 15 leaves room for, is answered whole", () => {
  const tracker = new TestTracker({ config: read("").udp });
  const hashes = Array.from({ length: 74 }, (_, i) => infoHash(i));
  const reply = tracker.send(scrapeRequest(tracker.connect([10, 0, 0, 1]), hashes), [10, 0, 0, 1]);
  assert.equal(reply.length, 8 + 74 * 12);
});
