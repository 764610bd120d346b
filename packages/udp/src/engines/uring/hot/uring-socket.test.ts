import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, test } from "node:test";
import { closeFd, ioRingObstacle, openUdpSocket } from "@swarmtide/linux";
import { readSwarmTotals } from "@swarmtide/swarm";
import { UdpClient, within } from "@swarmtide/test-kit";
import { ANNOUNCES, CONNECTS, DROPPED_TOO_LONG } from "../../../counters.ts";
import { announceRequest, connectRequest, TestTracker } from "../../../testing/tracker-client.ts";
import { UringSocket } from "./uring-socket.ts";

const skip = ioRingObstacle() ?? false;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Sockets at these addresses (all zero: wildcard) behind one ring. */
function open(addresses: readonly Uint8Array[], onlyIpv6 = true) {
  const tracker = new TestTracker();
  const sockets = addresses.map((address) => {
    const family = address.length === 4 ? 4 : 6;
    const packetInfo = address.every((byte) => byte === 0);
    return {
      family,
      ...openUdpSocket({ family, address, port: 0, onlyIpv6, packetInfo }),
    } as const;
  });
  const socket = new UringSocket({
    fds: sockets.map(({ fd }) => fd),
    families: sockets.map(({ family }) => family),
    ...{ tracker: tracker.tracker, rounds: tracker.rounds, waitMilliseconds: 50 },
    replyBytesMax: tracker.replyCapacity,
  });
  cleanups.push(() => {
    socket.close();
    for (const { fd } of sockets) closeFd(fd);
  });
  const receiveBufferBytes = Math.min(...sockets.map((each) => each.receiveBufferBytes));
  return { tracker, socket, receiveBufferBytes, ports: sockets.map(({ port }) => port) };
}

/** Serves until something is so, while the sender's event loop runs. */
async function serve(socket: UringSocket, isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    await new Promise((resolve) => setImmediate(resolve));
    socket.serve(false);
  }
  // The replies of the last batch leave with the next call.
  socket.serve(false);
}

const IPV4_LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const IPV4_ANY = new Uint8Array(4);
const IPV6_ANY = new Uint8Array(16);

describe("the sockets behind an io_uring", { skip }, () => {
  test("answer a batch larger than it reads ahead for, each client with its own reply", async () => {
    const { tracker, socket, ports } = open([IPV4_LOOPBACK]);
    const clients = await Promise.all(
      Array.from({ length: 40 }, () => UdpClient.open(`127.0.0.1:${ports[0]}`)),
    );
    const connects = clients.map((client) => client.ask(connectRequest()));
    await serve(socket, () => tracker.count(CONNECTS) >= 40);
    const ids = (await Promise.all(connects)).map((reply) => reply.subarray(8, 16));
    const announces = clients.map((client, i) =>
      client.ask(announceRequest(ids[i] as Buffer, { port: 1000 + i, infoHash: i % 3 })),
    );
    await serve(socket, () => tracker.count(ANNOUNCES) >= 40);
    for (const reply of await Promise.all(announces)) assert.equal(reply.readInt32BE(0), 1);
    assert.equal(readSwarmTotals(tracker.store).peersIpv4, 40);
    for (const client of clients) client.close();
  });

  test("are several of both families, and an IPv4 client of a dual-stack socket belongs to the IPv4 swarm", async () => {
    const { tracker, socket, ports } = open([IPV4_LOOPBACK, IPV6_ANY], false);
    for (const address of [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`, `[::1]:${ports[1]}`]) {
      const client = await UdpClient.open(address);
      const before = tracker.count(ANNOUNCES);
      const connected = client.ask(connectRequest());
      await serve(socket, () => tracker.count(CONNECTS) > before);
      const announced = client.ask(announceRequest((await connected).subarray(8, 16)));
      await serve(socket, () => tracker.count(ANNOUNCES) > before);
      await announced;
      client.close();
    }
    assert.equal(tracker.counterTable.sum(ANNOUNCES, 4), 2);
    assert.equal(tracker.counterTable.sum(ANNOUNCES, 6), 1);
  });

  test("reply from the address that was asked", async () => {
    const { tracker, socket, ports } = open([IPV4_ANY]);
    const client = createSocket("udp4");
    client.bind(0, "127.0.0.1");
    await once(client, "listening");
    cleanups.push(() => client.close());
    for (const address of ["127.0.0.2", "127.0.0.3"]) {
      const reply = once(client, "message");
      const before = tracker.count(CONNECTS);
      client.send(connectRequest(), ports[0], address);
      await serve(socket, () => tracker.count(CONNECTS) > before);
      const [, from] = await within("a reply", reply);
      assert.equal(from.address, address);
    }
  });

  test("count and drop a datagram that is longer than any request", async () => {
    const { tracker, socket, ports } = open([IPV4_LOOPBACK]);
    const client = await UdpClient.open(`127.0.0.1:${ports[0]}`);
    client.send(Buffer.concat([connectRequest(), Buffer.alloc(2033)]));
    client.send(Buffer.concat([connectRequest(), Buffer.alloc(3000)]));
    await serve(socket, () => tracker.count(DROPPED_TOO_LONG) >= 2);
    client.send(Buffer.concat([connectRequest(), Buffer.alloc(2032)]));
    await serve(socket, () => tracker.count(CONNECTS) >= 1);
    assert.equal(tracker.count(DROPPED_TOO_LONG), 2);
    client.close();
  });

  test("go on when more waits than there are buffers", async () => {
    const { tracker, socket, ports, receiveBufferBytes } = open([IPV4_LOOPBACK]);
    // The kernel ends a receive that finds no buffer; without privileges less than that can wait.
    const [count, each] = [receiveBufferBytes >= 4_000_000 ? 20 : 1, 100];
    const clients = await Promise.all(
      Array.from({ length: count }, () => UdpClient.open(`127.0.0.1:${ports[0]}`)),
    );
    for (const client of clients) for (let i = 0; i < each; i++) client.send(connectRequest());
    const replies = clients.map((client) => client.next());
    await serve(socket, () => tracker.count(CONNECTS) >= count * each);
    await Promise.all(replies);
    for (const client of clients) client.close();
  });

  test("go on through every number of a buffer", async () => {
    const { tracker, socket, ports } = open([IPV4_LOOPBACK]);
    const client = createSocket("udp4");
    client.connect(ports[0] ?? 0, "127.0.0.1");
    await once(client, "connect");
    cleanups.push(() => client.close());
    let replies = 0;
    client.on("message", () => replies++);
    // Past 65,536, where the number of the ring's end begins again. Each burst fits the receive buffers of both ends.
    const [bursts, burst] = [600, 120];
    for (let i = 1; i <= bursts; i++) {
      for (let j = 0; j < burst; j++) client.send(connectRequest());
      await serve(socket, () => tracker.count(CONNECTS) >= i * burst);
      const arrived = serve(socket, () => replies >= i * burst);
      await within("the replies", arrived);
    }
    assert.equal(replies, bursts * burst);
  });
});
