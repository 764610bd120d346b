import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { closeFd, linuxSupported, openUdpSocket } from "@swarmtide/linux";
import {
  COUNT_DROP_SOURCE_PORT,
  COUNT_DROP_TRUNCATED,
  COUNT_REPLY_ANNOUNCE,
  COUNT_REPLY_CONNECT,
  UDP_COUNTERS,
} from "../counters.ts";
import { announceRequest, connectRequest, TestTracker } from "../testing/tracker-client.ts";
import { UdpClient } from "../testing/udp-client.ts";
import { MmsgSocket } from "./mmsg-socket.ts";

const skip = linuxSupported() ? false : "batches of datagrams need Linux";

function openSocket(family: 4 | 6, onlyIpv6 = true) {
  const tracker = new TestTracker();
  const address = family === 4 ? Uint8Array.of(127, 0, 0, 1) : new Uint8Array(16);
  const { fd, port } = openUdpSocket({ family, address, port: 0, onlyIpv6 });
  const socket = new MmsgSocket({
    fd,
    family,
    packetInfo: false,
    handler: tracker.handler,
    counters: tracker.counters,
    replyBytesMax: tracker.replyCapacity,
    resendRepliesMax: 0,
  });
  return { tracker, fd, port, socket };
}

/** Serves until `count` datagrams were taken, while the sender's event loop runs. */
async function serve(socket: MmsgSocket, count: number): Promise<void> {
  for (let taken = 0; taken < count; ) {
    await new Promise((resolve) => setImmediate(resolve));
    taken += socket.serve();
  }
}

describe("a socket of the mmsg engine", { skip }, () => {
  test("answers a batch larger than it reads ahead for, each client with its own reply", async () => {
    const { tracker, fd, port, socket } = openSocket(4);
    const clients = await Promise.all(
      Array.from({ length: 40 }, () => UdpClient.open(`127.0.0.1:${port}`)),
    );
    const connects = clients.map((client) => client.ask(connectRequest()));
    await serve(socket, 40);
    const ids = (await Promise.all(connects)).map((reply) => reply.subarray(8, 16));
    const announces = clients.map((client, i) =>
      client.ask(announceRequest(ids[i] as Buffer, { port: 1000 + i, infoHash: i % 3 })),
    );
    await serve(socket, 40);
    for (const reply of await Promise.all(announces)) assert.equal(reply.readInt32BE(0), 1);
    assert.equal(tracker.count(COUNT_REPLY_CONNECT), 40);
    assert.equal(tracker.count(COUNT_REPLY_ANNOUNCE), 40);
    assert.equal(tracker.store.totals().peersIpv4, 40);
    for (const client of clients) client.close();
    closeFd(fd);
  });

  test("an IPv4 client of a dual-stack socket belongs to the IPv4 swarm", async () => {
    const { tracker, fd, port, socket } = openSocket(6, false);
    const client = await UdpClient.open(`127.0.0.1:${port}`);
    const connected = client.ask(connectRequest());
    await serve(socket, 1);
    const announced = client.ask(announceRequest((await connected).subarray(8, 16)));
    await serve(socket, 1);
    await announced;
    assert.equal(tracker.store.totals().peersIpv4, 1);
    assert.equal(tracker.store.totals().peersIpv6, 0);
    assert.ok((tracker.counters[COUNT_REPLY_ANNOUNCE] ?? 0) === 1);
    assert.equal(tracker.counters[UDP_COUNTERS + COUNT_REPLY_ANNOUNCE], 0);
    client.close();
    closeFd(fd);
  });

  test("a datagram longer than any request is counted and dropped", async () => {
    const { tracker, fd, port, socket } = openSocket(4);
    const client = await UdpClient.open(`127.0.0.1:${port}`);
    client.send(Buffer.concat([connectRequest(), Buffer.alloc(3000)]));
    await serve(socket, 1);
    assert.equal(tracker.count(COUNT_DROP_TRUNCATED), 1);
    assert.equal(tracker.count(COUNT_DROP_SOURCE_PORT), 0);
    client.close();
    closeFd(fd);
  });

  test("a descriptor that was closed ends the worker with the name of the call", () => {
    const { fd, socket } = openSocket(4);
    closeFd(fd);
    assert.throws(() => socket.serve(), /recvmmsg.*EBADF/s);
  });
});
