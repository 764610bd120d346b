import assert from "node:assert/strict";
import type { RemoteInfo, Socket } from "node:dgram";
import { afterEach, describe, test } from "node:test";
import {
  closeOpened,
  echo,
  newBatch,
  openClient,
  openServer,
  sendTo,
  skip,
} from "../testing/udp-loopback.ts";
import type { DatagramBatch } from "./datagram-batch.ts";
import { SOURCE_BYTES } from "./message-table.ts";
import { ResendQueue } from "./resend-queue.ts";

afterEach(closeOpened);

/** The next `count` messages: text and the address they came from. */
function collect(client: Socket, count: number): Promise<string[]> {
  const seen: string[] = [];
  return new Promise((resolve) =>
    client.on("message", (message: Buffer, from: RemoteInfo) => {
      seen.push(`${message} from ${from.address}`);
      if (seen.length === count) resolve(seen);
    }),
  );
}

async function request(
  client: Socket,
  batch: DatagramBatch,
  server: { fd: number; port: number },
  texts: string[],
) {
  for (const [i, text] of texts.entries())
    await sendTo(client, Buffer.from(text), server.port, `127.0.0.${i + 2}`);
  assert.equal(batch.receive(server.fd), texts.length);
  for (let i = 0; i < texts.length; i++) echo(batch, i, i);
}

describe("ResendQueue", { skip }, () => {
  test("a kept reply goes out later to its sender, from the address that was asked, after the batch moved on", async () => {
    const server = openServer(4, { packetInfo: true });
    const client = await openClient(4);
    const batch = newBatch(4, { packetInfo: true });
    const queue = new ResendQueue({ capacity: 8, replyBytesMax: 2048, family: 4 });
    await request(client, batch, server, ["first", "second", "third"]);
    assert.equal(queue.push(batch, 2), true);
    assert.equal(queue.push(batch, 1), true);
    await request(client, batch, server, ["later"]);
    batch.replyBytes.fill(0);
    const seen = collect(client, 2);
    assert.equal(queue.flush(server.fd), 2);
    assert.equal(queue.length, 0);
    assert.deepEqual(await seen, ["third from 127.0.0.4", "second from 127.0.0.3"]);
    assert.equal(queue.flush(server.fd), 0);
  });

  test("a full queue and a reply longer than its slots are refused; a queue of none refuses all", async () => {
    const server = openServer(4);
    const client = await openClient(4);
    const batch = newBatch(4);
    const queue = new ResendQueue({ capacity: 2, replyBytesMax: 5, family: 4 });
    await sendTo(client, Buffer.from("12345"), server.port, "127.0.0.1");
    await sendTo(client, Buffer.from("123456"), server.port, "127.0.0.1");
    assert.equal(batch.receive(server.fd), 2);
    echo(batch, 0, 0);
    echo(batch, 1, 1);
    assert.equal(queue.push(batch, 1), false);
    assert.equal(queue.push(batch, 0), true);
    assert.equal(queue.push(batch, 0), true);
    assert.equal(queue.push(batch, 0), false);
    assert.equal(queue.length, 2);
    const none = new ResendQueue({ capacity: 0, replyBytesMax: 5, family: 4 });
    assert.equal(none.push(batch, 0), false);
    assert.equal(none.flush(server.fd), 0);
  });

  test("a reply refused for good is dropped and counted, those around it go out, across the ring's end", async () => {
    const server = openServer(4, { packetInfo: true });
    const client = await openClient(4);
    const batch = newBatch(4, { packetInfo: true });
    const queue = new ResendQueue({ capacity: 4, replyBytesMax: 64, family: 4 });
    for (let round = 0; round < 5; round++) {
      await request(client, batch, server, ["a", "b", "c"]);
      // As if the middle one had come from port 0.
      batch.sourceBytes.fill(0, SOURCE_BYTES + 2, SOURCE_BYTES + 4);
      for (let i = 0; i < 3; i++) assert.equal(queue.push(batch, i), true);
      const seen = collect(client, 2);
      assert.equal(queue.flush(server.fd), 2);
      assert.deepEqual(await seen, ["a from 127.0.0.2", "c from 127.0.0.4"]);
      client.removeAllListeners("message");
      assert.equal(queue.refusedCount, round + 1);
    }
  });
});
