import assert from "node:assert/strict";
import type { RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, test } from "node:test";
import { EAGAIN, EINVAL, EMSGSIZE } from "../errno.ts";
import {
  closeOpened,
  echo,
  LOOPBACK,
  newBatch,
  openClient,
  openServer,
  requestOf,
  sendTo,
  skip,
} from "../testing/udp-loopback.ts";
import { SOURCE_BYTES } from "./message-table.ts";
import { ReadinessPoller } from "./readiness-poller.ts";

afterEach(closeOpened);

describe("DatagramBatch", { skip }, () => {
  for (const family of [4, 6] as const) {
    test(`an IPv${family} datagram is received with its source and answered`, async () => {
      const server = openServer(family);
      const client = await openClient(family);
      const batch = newBatch(family);
      await sendTo(client, Buffer.from("hello"), server.port, LOOPBACK[family].name);
      assert.equal(server.poller.wait(5000), 1);
      assert.equal(server.poller.isReady(0), true);
      assert.equal(batch.receive(server.fd), 1);
      assert.equal(requestOf(batch, 0).toString(), "hello");
      const port = (batch.sourceBytes[2] << 8) | batch.sourceBytes[3];
      assert.equal(port, client.address().port);
      const address =
        family === 4 ? batch.sourceBytes.subarray(4, 8) : batch.sourceBytes.subarray(8, 24);
      assert.deepEqual(Uint8Array.from(address), LOOPBACK[family].bytes);

      echo(batch, 0, 0);
      const arrived = once(client, "message");
      assert.equal(batch.send(server.fd, 0, 1), 1);
      const [message, from] = (await arrived) as [Buffer, RemoteInfo];
      assert.equal(message.toString(), "hello");
      assert.equal(from.port, server.port);
    });

    test(`replies over IPv${family} on a wildcard socket leave from the address that was asked`, async () => {
      const server = openServer(family, { packetInfo: true });
      const client = await openClient(family);
      const batch = newBatch(family, { packetInfo: true });
      const asked = family === 4 ? ["127.0.0.2", "127.0.0.1", "127.9.8.7"] : ["::1"];
      for (let round = 0; round < 3; round++)
        for (const address of asked) {
          await sendTo(client, Buffer.from(address), server.port, address);
          assert.equal(server.poller.wait(5000), 1);
          assert.equal(batch.receive(server.fd), 1);
          echo(batch, 0, 0);
          const arrived = once(client, "message");
          assert.equal(batch.send(server.fd, 0, 1), 1);
          const [message, from] = (await arrived) as [Buffer, RemoteInfo];
          assert.equal(from.address, message.toString());
        }
    });
  }

  test("the interface a request came in by does not bind the reply, routing chooses the way out", async () => {
    for (const family of [4, 6] as const) {
      const server = openServer(family, { packetInfo: true });
      const client = await openClient(family);
      const batch = newBatch(family, { packetInfo: true });
      await sendTo(client, Buffer.from("x"), server.port, LOOPBACK[family].name);
      assert.equal(batch.receive(server.fd), 1);
      // As if it had come over another interface (one that does not exist: a reply bound to it would fail).
      new DataView(batch.packetInfos.bytes.buffer, batch.packetInfos.bytes.byteOffset).setUint32(
        family === 4 ? 16 : 32,
        0x7fff_fff0,
        true,
      );
      echo(batch, 0, 0);
      const arrived = once(client, "message");
      assert.equal(batch.send(server.fd, 0, 1), 1);
      await arrived;
    }
  });

  test("replies of one batch go to their own senders from their own addresses", async () => {
    const server = openServer(4, { packetInfo: true });
    const batch = newBatch(4, { packetInfo: true });
    const clients = await Promise.all([openClient(4), openClient(4), openClient(4)]);
    for (const [i, client] of clients.entries())
      await sendTo(client, Buffer.from(`127.0.0.${i + 2}`), server.port, `127.0.0.${i + 2}`);
    assert.equal(batch.receive(server.fd), 3);
    // Request 1 stays without an answer, so that reply and request indices differ.
    echo(batch, 2, 0);
    echo(batch, 0, 1);
    const arrived = Promise.all([once(clients[2], "message"), once(clients[0], "message")]);
    assert.equal(batch.send(server.fd, 0, 2), 2);
    for (const [message, from] of (await arrived) as unknown as [Buffer, RemoteInfo][])
      assert.equal(from.address, message.toString());
  });

  test("an empty socket gives -EAGAIN, and a poll on it ends with the timeout", () => {
    const server = openServer(4);
    assert.equal(newBatch(4).receive(server.fd), -EAGAIN);
    assert.equal(server.poller.wait(0), 0);
  });

  test("a waiting receive ends with the socket's timeout, or takes all that is there", async () => {
    const server = openServer(4, { receiveTimeoutMilliseconds: 20 });
    const client = await openClient(4);
    const batch = newBatch(4);
    assert.equal(batch.receiveWaiting(server.fd), -EAGAIN);
    for (let i = 0; i < 3; i++) await sendTo(client, Buffer.from([i]), server.port, "127.0.0.1");
    assert.equal(batch.receiveWaiting(server.fd), 3);
    assert.equal(batch.receive(server.fd), -EAGAIN);
  });

  test("more datagrams than a batch holds come in several batches, in order", async () => {
    const server = openServer(4);
    const client = await openClient(4);
    const batch = newBatch(4, { batchSize: 16 });
    for (let i = 0; i < 40; i++)
      await sendTo(client, Buffer.from([i, i, i]), server.port, "127.0.0.1");
    const seen: number[] = [];
    const counts: number[] = [];
    for (let count = batch.receive(server.fd); count > 0; count = batch.receive(server.fd)) {
      counts.push(count);
      for (let i = 0; i < count; i++) seen.push(requestOf(batch, i)[0]);
    }
    assert.deepEqual(counts, [16, 16, 8]);
    assert.deepEqual(
      seen,
      Array.from({ length: 40 }, (_, i) => i),
    );
  });

  test("a datagram longer than the limit has length -1 and its neighbours are whole", async () => {
    const server = openServer(4);
    const client = await openClient(4);
    const batch = newBatch(4, { requestBytesMax: 100 });
    for (const length of [100, 101, 128, 5000, 3])
      await sendTo(client, Buffer.alloc(length, 7), server.port, "127.0.0.1");
    assert.equal(batch.receive(server.fd), 5);
    assert.deepEqual([...batch.requestLengths.subarray(0, 5)], [100, -1, -1, -1, 3]);
    assert.equal(batch.requestStride, 128);
    assert.deepEqual([...batch.requestBytes.subarray(100, 128)], new Array(28).fill(0));
  });

  test("datagrams of 0 and of 65,507 bytes, the shortest and the longest, go both ways", async () => {
    const server = openServer(4);
    const client = await openClient(4);
    const batch = newBatch(4, { requestBytesMax: 65_507, replyBytesMax: 65_507 });
    await sendTo(client, Buffer.alloc(0), server.port, "127.0.0.1");
    await sendTo(client, Buffer.alloc(65_507, 9), server.port, "127.0.0.1");
    assert.equal(batch.receive(server.fd), 2);
    assert.deepEqual([...batch.requestLengths.subarray(0, 2)], [0, 65_507]);
    const lengths: number[] = [];
    const both = new Promise<void>((resolve) =>
      client.on("message", (message) => {
        lengths.push(message.length);
        if (lengths.length === 2) resolve();
      }),
    );
    echo(batch, 0, 0);
    echo(batch, 1, 1);
    assert.equal(batch.send(server.fd, 0, 2), 2);
    await both;
    assert.deepEqual(lengths, [0, 65_507]);
  });

  test("a reply the kernel refuses stops the batch there, is named by the next call, and can be skipped", async () => {
    const server = openServer(4);
    const client = await openClient(4);
    const batch = newBatch(4);
    for (let i = 0; i < 3; i++) await sendTo(client, Buffer.from([i]), server.port, "127.0.0.1");
    assert.equal(batch.receive(server.fd), 3);
    for (let i = 0; i < 3; i++) echo(batch, i, i);
    // As if request 1 had come from port 0, which nothing can be sent to.
    batch.sourceBytes.fill(0, SOURCE_BYTES + 2, SOURCE_BYTES + 4);
    const seen: number[] = [];
    const both = new Promise<void>((resolve) =>
      client.on("message", (message) => {
        seen.push(message[0]);
        if (seen.length === 2) resolve();
      }),
    );
    assert.equal(batch.send(server.fd, 0, 3), 1);
    assert.equal(batch.send(server.fd, 1, 2), -EINVAL);
    assert.equal(batch.send(server.fd, 2, 1), 1);
    await both;
    assert.deepEqual(seen, [0, 2]);
  });

  test("a reply longer than a datagram can be is refused with -EMSGSIZE", async () => {
    const server = openServer(4);
    const client = await openClient(4);
    const batch = newBatch(4, { replyBytesMax: 70_000 });
    await sendTo(client, Buffer.from("x"), server.port, "127.0.0.1");
    assert.equal(batch.receive(server.fd), 1);
    batch.queueReply(0, 0, 65_508);
    assert.equal(batch.send(server.fd, 0, 1), -EMSGSIZE);
  });

  test("an IPv6-only socket shares its port with an IPv4 socket and sees none of its datagrams", async () => {
    const server6 = openServer(6, { packetInfo: true, onlyIpv6: true });
    const server4 = openServer(4, { port: server6.port, packetInfo: true });
    const client = await openClient(4);
    await sendTo(client, Buffer.from("four"), server4.port, "127.0.0.1");
    assert.equal(newBatch(4, { packetInfo: true }).receive(server4.fd), 1);
    assert.equal(newBatch(6, { packetInfo: true }).receive(server6.fd), -EAGAIN);
  });

  test("a dual-stack socket answers an IPv4 sender from the address it asked", async () => {
    const server = openServer(6, { packetInfo: true, onlyIpv6: false });
    const client = await openClient(4);
    const batch = newBatch(6, { packetInfo: true });
    await sendTo(client, Buffer.from("four"), server.port, "127.0.0.3");
    assert.equal(batch.receive(server.fd), 1);
    echo(batch, 0, 0);
    const arrived = once(client, "message");
    assert.equal(batch.send(server.fd, 0, 1), 1);
    const [, from] = (await arrived) as [Buffer, RemoteInfo];
    assert.equal(from.address, "127.0.0.3");
  });

  test("a batch with packet info on a socket without it lets the kernel choose the source", async () => {
    const server = openServer(4);
    const client = await openClient(4);
    const batch = newBatch(4, { packetInfo: true });
    for (let round = 0; round < 2; round++) {
      await sendTo(client, Buffer.from("x"), server.port, "127.0.0.1");
      assert.equal(batch.receive(server.fd), 1);
      echo(batch, 0, 0);
      const arrived = once(client, "message");
      assert.equal(batch.send(server.fd, 0, 1), 1);
      await arrived;
    }
  });

  test("two pollers of two sockets tell which one has data", async () => {
    const servers = [openServer(4), openServer(4)];
    const poller = new ReadinessPoller(servers.map(({ fd }) => fd));
    const client = await openClient(4);
    await sendTo(client, Buffer.from("x"), servers[1].port, "127.0.0.1");
    assert.equal(poller.wait(5000), 1);
    assert.deepEqual([poller.isReady(0), poller.isReady(1)], [false, true]);
    await sendTo(client, Buffer.from("x"), servers[0].port, "127.0.0.1");
    assert.equal(poller.wait(5000), 2);
    assert.deepEqual([poller.isReady(0), poller.isReady(1)], [true, true]);
  });

  test("sizes that the kernel cannot take are refused when the batch is made", () => {
    for (const batchSize of [0, 1025, 1.5])
      assert.throws(() => newBatch(4, { batchSize }), RangeError);
  });

  test("a reply or a range outside the slots is refused before the kernel can read it", () => {
    const server = openServer(4);
    const batch = newBatch(4, { replyBytesMax: 100 });
    batch.queueReply(0, 0, 100);
    assert.throws(() => batch.queueReply(0, 0, 101), RangeError);
    assert.throws(() => batch.queueReply(0, 0, -1), RangeError);
    assert.throws(() => batch.send(server.fd, 60, 5), RangeError);
    assert.throws(() => batch.send(server.fd, -1, 1), RangeError);
  });

  test("slots survive garbage collections between calls", async () => {
    const server = openServer(4, { packetInfo: true });
    const client = await openClient(4);
    const batch = newBatch(4, { packetInfo: true });
    for (let round = 0; round < 20; round++) {
      Array.from({ length: 200 }, () => new Uint8Array(65_536));
      await sendTo(client, Buffer.from([round]), server.port, "127.0.0.1");
      assert.equal(batch.receive(server.fd), 1);
      assert.equal(batch.requestBytes[0], round);
      echo(batch, 0, 0);
      const arrived = once(client, "message");
      assert.equal(batch.send(server.fd, 0, 1), 1);
      const [message] = (await arrived) as [Buffer];
      assert.equal(message[0], round);
    }
  });
});
