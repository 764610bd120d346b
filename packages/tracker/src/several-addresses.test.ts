/** A tracker at several addresses and ports of one protocol: the sockets are several, the swarms are one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linuxSupported } from "@swarmtide/linux";
import { announceTarget, runToEnd, startProgram, UdpClient } from "@swarmtide/test-kit";

const skip = linuxSupported() ? false : "127.0.0.2 and :2 answer on Linux alone";

const configOf = (section: string) => `[statistics]
page_address = ""
[udp]
address_ipv4 = ["127.0.0.1:0", "127.0.0.1:0", "127.0.0.2:0"]
address_ipv6 = "[::1]:0"
${section === "udp" ? "workers = 2" : ""}
[web]
address_ipv4 = ["127.0.0.1:0", "127.0.0.2:0"]
use_ipv6 = false
engine = "${section === "net" ? "net" : "auto"}"
`;

describe("several addresses of one protocol", { skip }, () => {
  for (const variant of ["udp", "net"]) {
    test(`all serve the same swarms (${variant === "udp" ? "two workers" : "engine net"})`, {
      timeout: 60_000,
    }, async (t) => {
      const program = startProgram(t, configOf(variant), { args: ["--udp", "--http"] });
      const udp = await program.addresses();
      const urls = await program.httpUrls();
      assert.equal(udp.length, 4);
      assert.equal(urls.length, 2);
      const ports = udp.map((address) => Number(address.split(":").at(-1)));
      assert.equal(new Set(ports.slice(0, 2)).size, 2);
      assert.equal(ports[3], ports[0], "the first of each family share a free port");
      const infoHash = Buffer.alloc(20, "a");
      let known = 0;
      for (const address of udp.slice(0, 3)) {
        const client = await UdpClient.open(address);
        const { seeders } = await client.announce(infoHash, 7001 + known, 0n);
        client.close();
        assert.equal(seeders, ++known, `the swarm as ${address} sees it`);
      }
      for (const url of urls) {
        const answer = await fetch(`${url}${announceTarget("a", 7101 + known, "&left=0")}`);
        assert.match(await answer.text(), new RegExp(`8:completei${++known}e`), url);
      }
      assert.equal(await program.end("SIGTERM"), 0);
    });
  }

  test("one that is taken names its key and address, and the others are given back", async (t) => {
    const first = startProgram(t, configOf("udp"), { args: ["--udp"] });
    const [, second = ""] = await first.addresses();
    const set = ["--set", 'statistics.page_address=""', "--set", "udp.use_ipv6=false"];
    const { code, stderr } = runToEnd(
      ...["--udp", ...set, "--set", `udp.address_ipv4=["127.0.0.1:0", "${second}"]`],
    );
    assert.equal(code, 1);
    assert.match(stderr, /udp\.address_ipv4: bind 127\.0\.0\.1:\d+ failed with EADDRINUSE/);
    assert.equal(await first.end("SIGTERM"), 0);
  });

  test("check-config and doctor list them all, and one port for a host listed twice is refused", () => {
    const addresses = 'udp.address_ipv4=["192.0.2.1:80", "192.0.2.1:81"]';
    const { stdout } = runToEnd("check-config", "--udp", "--set", addresses);
    assert.match(stdout, /UDP tracker: 192\.0\.2\.1:80 and 192\.0\.2\.1:81 and \[::\]:3000\n/);
    assert.match(runToEnd("doctor", "--udp", "--set", addresses).stdout, /UDP 80, 81, 3000/);
    const { code, stderr } = runToEnd("check-config", "--port", "90", "--set", addresses);
    assert.equal(code, 1);
    assert.match(stderr, /udp\.port = 90: expected "" where an address key lists a host twice/);
  });
});
