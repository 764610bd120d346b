import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { connect as connectTls, TLSSocket } from "node:tls";
import { testContext } from "../../testing/engines.ts";
import { type SocketPair, socketPair } from "../../testing/socket-pair.ts";
import { readInto } from "./shared-reading.ts";

async function tlsPair(t: TestContext): Promise<SocketPair> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const client = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  const [raw]: Socket[] = await once(listener, "connection");
  const server = new TLSSocket(raw, { isServer: true, secureContext: testContext() });
  await once(server, "secure");
  server.pause();
  t.after(() => {
    client.destroy();
    server.destroy();
    raw.destroy();
    listener.close();
  });
  return { client, server };
}

/** What a taker was given, as one text, and the memories it lay in. */
class Taken {
  text = "";
  readonly memories = new Set<ArrayBufferLike>();
  #onMore = () => {};

  readonly take = (length: number, bytes: Uint8Array): void => {
    this.text += Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
    this.memories.add(bytes.buffer);
    this.#onMore();
  };

  async until(text: string): Promise<void> {
    while (this.text.length < text.length) {
      await new Promise<void>((resolve) => {
        this.#onMore = resolve;
      });
    }
    assert.equal(this.text, text);
  }
}

for (const [name, pairOf] of [
  ["node:net", socketPair],
  ["node:tls", tlsPair],
] as const) {
  test(`sockets of ${name} are read into the same memory, each byte once and in order`, async (t) => {
    const memory = Buffer.alloc(65_536);
    const pairs = [await pairOf(t), await pairOf(t)];
    const takens = pairs.map(() => new Taken());
    pairs.forEach(({ server }, index) => {
      assert.equal(readInto(server, memory, takens[index].take), true);
      server.resume();
    });
    const long = "0123456789".repeat(30_000);
    for (const round of ["one", "two", long]) {
      for (const [index, { client }] of pairs.entries()) client.write(`${round}${index}`);
    }
    for (const [index, taken] of takens.entries()) {
      await taken.until(`one${index}two${index}${long}${index}`);
      assert.deepEqual([...taken.memories], [memory.buffer]);
    }
  });

  test(`what a socket of ${name} has read before comes first`, async (t) => {
    const { client, server } = await pairOf(t);
    server.unshift(Buffer.from("early "));
    client.write("late");
    const taken = new Taken();
    readInto(server, Buffer.alloc(65_536), taken.take);
    assert.equal(taken.text, "early ");
    server.resume();
    await taken.until("early late");
  });

  test(`a socket of ${name} that is handed on with its first bytes is the next taker's`, async (t) => {
    const { client, server } = await pairOf(t);
    const memory = Buffer.alloc(65_536);
    const [first, next] = [new Taken(), new Taken()];
    server.unshift(Buffer.from("early "));
    readInto(server, Buffer.alloc(65_536), (length, bytes) => {
      first.take(length, bytes);
      readInto(server, memory, next.take);
    });
    server.resume();
    client.write("late");
    await next.until("late");
    assert.equal(first.text, "early ");
    assert.deepEqual([...next.memories], [memory.buffer]);
  });

  test(`the end of a socket of ${name} closes it, as it does without shared memory`, async (t) => {
    const { client, server } = await pairOf(t);
    readInto(server, Buffer.alloc(65_536), () => {});
    server.resume();
    client.end("last words");
    await once(server, "close");
  });
}

test("a stream that Node cannot read into given memory hands its bytes out all the same", async () => {
  const stream = new PassThrough();
  const taken = new Taken();
  stream.write("early ");
  const memory = Buffer.alloc(65_536);
  assert.equal(readInto(stream as unknown as Socket, memory, taken.take), false);
  stream.write("late");
  await taken.until("early late");
  assert.equal(taken.memories.has(memory.buffer), false);
});
