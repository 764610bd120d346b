import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { type TestContext, test } from "node:test";
import { connect as connectTls, TLSSocket } from "node:tls";
import { testContext } from "../../testing/engines.ts";
import { type SocketPair, socketPair } from "../../testing/socket-pair.ts";
import { ReadMemory } from "./read-memory.ts";
import { readInto } from "./shared-reading.ts";

async function tlsPair(t: TestContext): Promise<SocketPair> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const client = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  const [raw]: Socket[] = await once(listener, "connection");
  assert.ok(raw);
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

const makeMemory = () => new ReadMemory(new Uint8Array(65_536 + 10), 10, 65_536);

/** What was read into a memory, as one text. */
class Taken {
  text = "";
  readonly memory: ReadMemory;
  #onMore = () => {};

  constructor(memory: ReadMemory) {
    this.memory = memory;
  }

  readonly take = (length: number): void => {
    const { bytes, start } = this.memory;
    this.text += Buffer.from(bytes.buffer, start, length).toString("latin1");
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
    const memory = makeMemory();
    const pairs = [await pairOf(t), await pairOf(t)];
    const takens = pairs.map(() => new Taken(memory));
    pairs.forEach(({ server }, index) => {
      const taken = takens[index];
      assert.ok(taken);
      assert.equal(readInto(server, memory, taken.take), true);
      server.resume();
    });
    const long = "0123456789".repeat(30_000);
    for (const round of ["one", "two", long]) {
      for (const [index, { client }] of pairs.entries()) client.write(`${round}${index}`);
    }
    for (const [index, taken] of takens.entries()) {
      await taken.until(`one${index}two${index}${long}${index}`);
    }
  });

  test(`what a socket of ${name} has read before comes first`, async (t) => {
    const { client, server } = await pairOf(t);
    server.unshift(Buffer.from("early "));
    client.write("late");
    const taken = new Taken(makeMemory());
    readInto(server, taken.memory, taken.take);
    assert.equal(taken.text, "early ");
    server.resume();
    await taken.until("early late");
  });

  test(`a socket of ${name} that is handed on with its first bytes is the next taker's`, async (t) => {
    const { client, server } = await pairOf(t);
    const [first, next] = [new Taken(makeMemory()), new Taken(makeMemory())];
    server.unshift(Buffer.from("early "));
    readInto(server, first.memory, (length) => {
      first.take(length);
      assert.equal(readInto(server, next.memory, next.take), true);
    });
    server.resume();
    client.write("late");
    await next.until("late");
    assert.equal(first.text, "early ");
  });

  test(`the end of a socket of ${name} closes it, as it does without shared memory`, async (t) => {
    const { client, server } = await pairOf(t);
    readInto(server, makeMemory(), () => {});
    server.resume();
    client.end("last words");
    await once(server, "close");
  });
}

for (const [name, pairOf] of [
  ["node:net", socketPair],
  ["node:tls", tlsPair],
] as const)
  test(`a socket of ${name} that has read more than the memory holds gives it part by part, and to whom it is handed on`, async (t) => {
    const { server } = await pairOf(t);
    const [first, next] = [
      new Taken(new ReadMemory(new Uint8Array(4), 0, 4)),
      new Taken(new ReadMemory(new Uint8Array(8), 4, 4)),
    ];
    server.unshift(Buffer.from("0123456789"));
    readInto(server, first.memory, (length) => {
      first.take(length);
      if (first.text.length === 4) readInto(server, next.memory, next.take);
    });
    assert.deepEqual([first.text, next.text], ["0123", "456789"]);
  });

test("a stream that Node cannot read into given memory hands its bytes out all the same, copied there", async () => {
  const stream = new PassThrough();
  const taken = new Taken(new ReadMemory(new Uint8Array(9), 2, 7));
  stream.write("early ");
  assert.equal(readInto(stream as unknown as Socket, taken.memory, taken.take), false);
  stream.write("late, and longer than the memory");
  await taken.until("early late, and longer than the memory");
});
