import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { linuxSupported, type NetworkInterface } from "@swarmtide/linux";
import { capabilityObstacles, xdpObstacles } from "./xdp-checks.ts";
import { interfaceProblem } from "./xdp-interface.ts";

const CARD: NetworkInterface = {
  ...{ name: "eth0", index: 2, queues: 4, mtuBytes: 1500, driver: "ice" },
};
const OPTIONS = {
  workers: 1,
  replyBytesMax: 1452,
  interfaceName: "eth0",
  interfaceMode: "auto",
  isBusyPolled: false,
} as const;

test("an interface is taken whose packets hold the longest reply", () => {
  assert.equal(interfaceProblem(OPTIONS, CARD), undefined);
  assert.deepEqual(interfaceProblem(OPTIONS, { ...CARD, mtuBytes: 1400 }), {
    reason:
      'udp.xdp_interface = "eth0" has an MTU of 1400 bytes, expected at least 1500 for a reply in one packet',
    remedy: "raise the MTU, or lower udp.max_response_peers and udp.max_scrape_torrents",
  });
  assert.match(interfaceProblem(OPTIONS, undefined)?.reason ?? "", /"eth0" is not a network/);
});

test("the capabilities that are missing are named, and CAP_SYS_ADMIN stands for CAP_BPF", () => {
  assert.deepEqual(capabilityObstacles((1n << 12n) | (1n << 13n) | (1n << 39n)), []);
  assert.deepEqual(capabilityObstacles((1n << 12n) | (1n << 13n) | (1n << 21n)), []);
  const [obstacle] = capabilityObstacles(1n << 12n);
  assert.equal(obstacle?.reason, "this process lacks CAP_NET_RAW CAP_BPF");
  assert.match(obstacle?.remedy ?? "", /AmbientCapabilities=CAP_NET_RAW CAP_BPF/);
});

describe("on this host", { skip: linuxSupported() ? false : "not a supported Linux" }, () => {
  test("an interface that does not exist is the first obstacle", () => {
    const [first] = xdpObstacles({ ...OPTIONS, interfaceName: "none-such" });
    assert.match(first?.reason ?? "", /^udp\.xdp_interface = "none-such"/);
  });
});
