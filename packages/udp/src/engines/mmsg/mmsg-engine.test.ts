import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, test } from "node:test";
import { closeFd, linuxSupported, openUdpSocket, type UdpSocket } from "@swarmtide/linux";
import type { Listener } from "@swarmtide/runtime";
import { CONNECTS } from "../../counters.ts";
import { connectRequest, TestTracker } from "../../testing/tracker-client.ts";
import { mmsgEngine } from "./mmsg-engine.ts";

const skip = linuxSupported() ? false : "batches of datagrams need Linux";

const LOOPBACK = {
  4: Uint8Array.of(127, 0, 0, 1),
  6: Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0)),
};

const listenerOf = (family: 4 | 6, { fd, port }: UdpSocket): Listener => ({
  ...{ key: "test", family, isTls: false },
  ...{ address: LOOPBACK[family], port, fd },
});

/** Leaves `count` connect requests in a socket's receive buffer. */
async function fill(host: string, port: number, count: number): Promise<void> {
  const client = createSocket(host.includes(":") ? "udp6" : "udp4");
  for (let i = 0; i < count; i++)
    await new Promise((resolve) => client.send(connectRequest(), port, host, resolve));
  client.close();
  await once(client, "close");
}

describe("the engine mmsg", { skip }, () => {
  test("takes one batch of each family in turn, so that a flood on one does not starve the other", async () => {
    const tracker = new TestTracker();
    const ipv4 = openUdpSocket({
      family: 4,
      address: LOOPBACK[4],
      port: 0,
      receiveBufferBytes: 4_000_000,
    });
    const ipv6 = openUdpSocket({
      family: 6,
      address: LOOPBACK[6],
      port: 0,
    });
    await fill("127.0.0.1", ipv4.port, 1000);
    await fill("::1", ipv6.port, 3);
    let rounds = 2;
    mmsgEngine
      .open({
        listeners: [listenerOf(4, ipv4), listenerOf(6, ipv6)],
        onlyIpv6: true,
        tracker: tracker.tracker,
        rounds: tracker.rounds,
        replyBytesMax: tracker.replyCapacity,
        resendRepliesMax: 0,
        nowSeconds: () => 1000,
      })
      .run({ goesOn: () => rounds-- > 0, sleep: () => false });
    assert.equal(tracker.counterTable.sum(CONNECTS, 4), 2 * 64);
    assert.equal(tracker.counterTable.sum(CONNECTS, 6), 3);
    closeFd(ipv4.fd);
    closeFd(ipv6.fd);
  });
});
