import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  closeFd,
  type DatagramBatch,
  EAGAIN,
  ENOBUFS,
  EPERM,
  linuxSupported,
  openUdpSocket,
} from "@swarmtide/linux";
import { readSwarmTotals } from "@swarmtide/swarm";
import { UdpClient } from "@swarmtide/test-kit";
import {
  ANNOUNCES,
  CONNECTS,
  DROPPED_SOURCE_PORT,
  DROPPED_TOO_LONG,
  SEND_FAILURES,
  SENDS_DELAYED,
} from "../../../counters.ts";
import { announceRequest, connectRequest, TestTracker } from "../../../testing/tracker-client.ts";
import { MmsgSocket } from "./mmsg-socket.ts";

const skip = linuxSupported() ? false : "batches of datagrams need Linux";

function openSocket(family: 4 | 6, onlyIpv6 = true, resendRepliesMax = 0) {
  const tracker = new TestTracker();
  const address = family === 4 ? Uint8Array.of(127, 0, 0, 1) : new Uint8Array(16);
  const { fd, port } = openUdpSocket({ family, address, port: 0, onlyIpv6 });
  const socket = new MmsgSocket({
    fd,
    family,
    packetInfo: false,
    tracker: tracker.tracker,
    rounds: tracker.rounds,
    replyBytesMax: tracker.replyCapacity,
    resendRepliesMax,
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
    assert.equal(tracker.count(CONNECTS), 40);
    assert.equal(tracker.count(ANNOUNCES), 40);
    assert.equal(readSwarmTotals(tracker.store).peersIpv4, 40);
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
    assert.equal(readSwarmTotals(tracker.store).peersIpv4, 1);
    assert.equal(readSwarmTotals(tracker.store).peersIpv6, 0);
    assert.equal(tracker.counterTable.sum(ANNOUNCES, 4), 1);
    assert.equal(tracker.counterTable.sum(ANNOUNCES, 6), 0);
    client.close();
    closeFd(fd);
  });

  test("a datagram longer than any request is counted and dropped", async () => {
    const { tracker, fd, port, socket } = openSocket(4);
    const client = await UdpClient.open(`127.0.0.1:${port}`);
    client.send(Buffer.concat([connectRequest(), Buffer.alloc(3000)]));
    await serve(socket, 1);
    assert.equal(tracker.count(DROPPED_TOO_LONG), 1);
    assert.equal(tracker.count(DROPPED_SOURCE_PORT), 0);
    client.close();
    closeFd(fd);
  });

  test("replies that the kernel refuses: one alone is dropped, for lack of buffers the rest waits and goes later", async () => {
    const { tracker, fd, port, socket } = openSocket(4, true, 8);
    const clients = await Promise.all(
      Array.from({ length: 12 }, () => UdpClient.open(`127.0.0.1:${port}`)),
    );
    for (const client of clients) client.send(connectRequest());
    const arrivals = clients.filter((_, i) => i !== 2).map((client) => client.next());
    // As the kernel may answer sendmmsg: two sent, the third refused, one more sent, then no buffers.
    const batch = Reflect.get(socket, "batch") as DatagramBatch;
    const realSend = batch.send.bind(batch);
    const script = [
      (from: number) => realSend(fd, from, 2),
      () => -EPERM,
      (from: number) => realSend(fd, from, 1),
      () => -ENOBUFS,
    ];
    batch.send = (_fd, from) => (script.shift() ?? assert.fail("a call too many"))(from);
    await serve(socket, 12);
    assert.equal(script.length, 0);
    // 8 of the 12 were left over and fit the queue exactly.
    assert.equal(tracker.count(SEND_FAILURES), 1);
    assert.equal(tracker.count(SENDS_DELAYED), 8);
    socket.serve();
    const arrived = await Promise.all(arrivals);
    assert.equal(arrived.length, 11);
    for (const client of clients) client.close();
    closeFd(fd);
  });

  test("replies beyond the queue of delayed ones are dropped and counted", async () => {
    const { tracker, fd, port, socket } = openSocket(4, true, 2);
    const client = await UdpClient.open(`127.0.0.1:${port}`);
    for (let i = 0; i < 5; i++) client.send(connectRequest());
    const batch = Reflect.get(socket, "batch") as DatagramBatch;
    batch.send = () => -EAGAIN;
    await serve(socket, 5);
    assert.equal(tracker.count(SENDS_DELAYED), 2);
    assert.equal(tracker.count(SEND_FAILURES), 3);
    client.close();
    closeFd(fd);
  });

  test("a descriptor that was closed ends the worker with the name of the call", () => {
    const { fd, socket } = openSocket(4);
    closeFd(fd);
    assert.throws(() => socket.serve(), /recvmmsg.*EBADF/s);
  });
});
