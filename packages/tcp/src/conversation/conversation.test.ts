import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { closeFd } from "@swarmtide/linux";
import { announceTarget, HttpClient, httpGet, until } from "@swarmtide/test-kit";
import {
  CONNECTIONS_ACCEPTED,
  CONNECTIONS_CLOSED,
  IDLE_TIMEOUTS,
  OVER_ADDRESS_LIMIT,
  OVER_LIMIT,
  PROXY_PROTOCOL_ERRORS,
  RECEIVED_BYTES,
  REQUEST_TIMEOUTS,
  SENDS_DELAYED,
  SENT_BYTES,
} from "../counters.ts";
import {
  ENGINES,
  type EngineName,
  type EngineSettings,
  IDLE_TIMEOUT,
  REQUEST_TIMEOUT,
  type RunningEngine,
  startEngine,
} from "../testing/engines.ts";

/** Runs the test against every engine. */
function everyEngine(
  name: string,
  settings: EngineSettings,
  run: (engine: RunningEngine, kind: EngineName) => Promise<void>,
): void {
  for (const kind of ENGINES)
    test(`${kind}: ${name}`, { timeout: 30_000 }, async () => {
      const engine = await startEngine(kind, settings);
      try {
        await run(engine, kind);
      } finally {
        await engine.stop();
      }
      assert.equal(engine.count(CONNECTIONS_ACCEPTED), engine.count(CONNECTIONS_CLOSED));
    });
}

everyEngine(
  "peers find each other, over one kept connection and over new ones",
  {},
  async (engine) => {
    const client = await engine.connect();
    client.send(httpGet(announceTarget("a", 1, "&left=0")));
    await client.receive(1);
    client.send(httpGet(announceTarget("a", 2, "&left=1")));
    const [, second] = await client.receive(2);
    assert.ok(second.text.includes("5:peers6:\x7f\x00\x00\x01\x00\x01"));
    const other = await engine.connect();
    other.send(httpGet(announceTarget("a", 3, "&left=1"), "Connection: close"));
    const [third] = await other.receive(1);
    assert.match(third.text, /8:completei1e.*10:incompletei2e/);
    await other.closed;
    assert.equal(client.isClosed, false);
    client.destroy();
  },
);

everyEngine("a request may come byte by byte", {}, async (engine) => {
  const client = await engine.connect();
  for (const byte of httpGet(announceTarget("a", 1, "&left=0"), "User-Agent: slow")) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.send(httpGet("/health"));
  const [first, second] = await client.receive(2);
  assert.match(first.text, /^d8:complete/);
  assert.equal(second.text, "ok\n");
  client.destroy();
});

everyEngine("pipelined requests are answered in order, however many", {}, async (engine) => {
  const client = await engine.connect();
  const count = 3000;
  const requests = Array.from({ length: count }, (_, i) =>
    httpGet(i % 2 === 0 ? "/health" : announceTarget("a", 1 + i, "&numwant=0&trackerid=x")),
  );
  client.send(requests.join(""));
  const answers = await client.receive(count);
  assert.ok(
    answers.every(({ text }, i) => (i % 2 === 0 ? text === "ok\n" : text.endsWith("1:xe"))),
  );
  client.destroy();
});

everyEngine(
  "a scrape of 100 torrents, every byte encoded, is answered whole with the default limits",
  {},
  async (engine) => {
    const client = await engine.connect();
    const hash = (i: number) => `%${(i + 100).toString(16)}`.repeat(20);
    const query = Array.from({ length: 100 }, (_, i) => `info_hash=${hash(i)}`).join("&");
    client.send(httpGet(`/scrape?${query}`, "User-Agent: a client", "Accept-Encoding: gzip"));
    const [{ status, text }] = await client.receive(1);
    assert.equal(status, 200);
    assert.equal(text.match(/8:completei0e/g)?.length, 100);
    client.destroy();
  },
);

everyEngine("an error is read by its sender even if it goes on sending", {}, async (engine) => {
  const client = await engine.connect();
  client.send(
    `POST /announce HTTP/1.1\r\nHost: t\r\nContent-Length: 3000000\r\n\r\n${"x".repeat(200_000)}`,
  );
  const [answer] = await client.receive(1);
  assert.equal(answer.status, 405);
  client.destroy();
  await until("no connection is open", () => engine.connectionCount() === 0);
});

everyEngine("what is not HTTP gets one line and the end of the connection", {}, async (engine) => {
  for (const [text, status] of [
    ["hello\r\n", 400],
    [`GET /${"a".repeat(9000)}`, 414],
    [`GET / HTTP/1.1\r\nA: ${"a".repeat(9000)}`, 431],
    ["GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n", 400],
  ] as const) {
    const client = await engine.connect();
    client.send(text);
    const [answer] = await client.receive(1);
    assert.equal(answer.status, status);
    assert.match(answer.text, /^[^\n]+\n$/);
    await client.closed;
  }
});

everyEngine(
  "a reader that takes nothing is not read from, and gets all its answers in the end",
  {},
  async (engine) => {
    const client = await engine.connect();
    for (let port = 1; port <= 60; port++)
      client.send(httpGet(announceTarget("a", port, "&left=0&numwant=0")));
    await client.receive(60);
    client.socket.pause();
    const count = 8000;
    const request = httpGet(announceTarget("a", 99, "&left=1&compact=0"));
    let isAllTaken = false;
    client.socket.write(request.repeat(count), () => {
      isAllTaken = true;
    });
    await until("a send is delayed", () => engine.count(SENDS_DELAYED) > 0);
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    const sentWhilePaused = engine.count(SENT_BYTES);
    client.socket.resume();
    const answers = await client.receive(60 + count);
    assert.ok(answers.slice(60).every(({ text }) => text.includes("5:peersld2:ip")));
    assert.ok(isAllTaken);
    assert.ok(sentWhilePaused < engine.count(SENT_BYTES));
    client.destroy();
  },
);

everyEngine("a reader that never takes its answers is closed", {}, async (engine) => {
  const client = await engine.connect();
  client.socket.pause();
  client.send(httpGet(`/scrape?${"info_hash=aaaaaaaaaaaaaaaaaaaa&".repeat(5)}`).repeat(60_000));
  await until("a send is delayed", () => engine.count(SENDS_DELAYED) > 0);
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  engine.advance(REQUEST_TIMEOUT + 1);
  await until("no connection is open", () => engine.connectionCount() === 0);
  assert.equal(engine.count(REQUEST_TIMEOUTS), 1);
  client.destroy();
});

everyEngine(
  "a request must arrive in time, whatever drips in, and others are served meanwhile",
  {},
  async (engine) => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => engine.connect()));
    for (const client of slow) client.send("GET /announce?info_hash=");
    const idle = await engine.connect();
    idle.send(httpGet("/health"));
    await idle.receive(1);
    for (let second = 0; second < 9; second++) {
      engine.advance(1000);
      for (const client of slow) client.send("a");
      const other = await engine.connect();
      other.send(httpGet(announceTarget("a", 1)));
      assert.equal((await other.receive(1))[0].status, 200);
      other.destroy();
    }
    assert.equal(engine.count(REQUEST_TIMEOUTS), 0);
    engine.advance(2000);
    await Promise.all(slow.map(({ closed }) => closed));
    assert.equal(engine.count(REQUEST_TIMEOUTS), 200);
    idle.send(httpGet("/health"));
    await idle.receive(2);
    idle.destroy();
  },
);

everyEngine("an idle connection is closed after its time, not before", {}, async (engine) => {
  const client = await engine.connect();
  client.send(httpGet("/health"));
  await client.receive(1);
  engine.advance(IDLE_TIMEOUT - 1000);
  client.send(httpGet("/health"));
  await client.receive(2);
  engine.advance(IDLE_TIMEOUT - 1000);
  client.send(httpGet("/health"));
  await client.receive(3);
  engine.advance(IDLE_TIMEOUT + 1);
  await client.closed;
  assert.equal(engine.count(IDLE_TIMEOUTS), 1);
  assert.equal(engine.count(REQUEST_TIMEOUTS), 0);
});

everyEngine("a second request on a kept connection has its own time", {}, async (engine) => {
  const client = await engine.connect();
  client.send(httpGet("/health"));
  await client.receive(1);
  engine.advance(IDLE_TIMEOUT / 2);
  client.send("GET /hea");
  await until(
    "the server has read the bytes",
    () => engine.count(RECEIVED_BYTES) > httpGet("/health").length,
  );
  engine.advance(REQUEST_TIMEOUT - 1000);
  client.send("lth HTTP/1.1\r\nHost: t\r\n\r\n");
  await client.receive(2);
  client.send("GET /");
  await until(
    "the server has read the bytes",
    () => engine.count(RECEIVED_BYTES) > 2 * httpGet("/health").length,
  );
  engine.advance(REQUEST_TIMEOUT + 1);
  await client.closed;
  assert.equal(engine.count(REQUEST_TIMEOUTS), 1);
});

everyEngine(
  "connections over the limit in all are closed at once",
  { connectionsMax: 3 },
  async (engine) => {
    const clients = await Promise.all([1, 2, 3].map(() => engine.connect()));
    await until("3 connections are open", () => engine.connectionCount() === 3);
    const fourth = await HttpClient.connect(engine.port);
    await fourth.closed;
    assert.equal(engine.count(OVER_LIMIT), 1);
    clients[0].destroy();
    await until("2 connections are open", () => engine.connectionCount() === 2);
    const fifth = await engine.connect();
    fifth.send(httpGet("/health"));
    await fifth.receive(1);
    for (const client of [...clients, fifth]) client.destroy();
  },
);

everyEngine(
  "connections over the limit of one address are closed at once",
  { connectionsPerAddressMax: 2 },
  async (engine) => {
    const clients = await Promise.all([1, 2].map(() => engine.connect()));
    await until("2 connections are open", () => engine.connectionCount() === 2);
    const third = await HttpClient.connect(engine.port);
    await third.closed;
    assert.equal(engine.count(OVER_ADDRESS_LIMIT), 1);
    for (const client of clients) client.destroy();
  },
);

everyEngine(
  "a PROXY header says who asks, before TLS, split anywhere",
  { trusted: ["127.0.0.1"], proxyProtocol: true },
  async (engine, kind) => {
    const line = Buffer.from("PROXY TCP4 192.0.2.1 127.0.0.1 4711 443\r\n");
    const client = await engine.connect({ before: line });
    client.send(httpGet(announceTarget("a", 1), "X-Forwarded-For: 198.51.100.1"));
    const [answer] = await client.receive(1);
    assert.ok(answer.text.includes("11:external ip4:\xc0\x00\x02\x01"));
    client.destroy();
    const local = await engine.connect({
      before: Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex"),
    });
    local.send(httpGet("/health"));
    await local.receive(1);
    local.destroy();
    const wrong = await HttpClient.connect(engine.port, {
      before: Buffer.from(httpGet("/health")),
    });
    await wrong.closed;
    assert.equal(engine.count(PROXY_PROTOCOL_ERRORS), 1);
    assert.deepEqual(wrong.answers(), []);
    if (kind === "tls") return;
    const split = await engine.connect();
    for (const byte of line) {
      split.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    split.send(httpGet(announceTarget("a", 2)));
    assert.ok((await split.receive(1))[0].text.includes("11:external ip4:\xc0\x00\x02\x01"));
    split.destroy();
  },
);

everyEngine(
  "with the PROXY protocol nobody but a trusted proxy may connect",
  { trusted: ["192.0.2.0/24"], proxyProtocol: true },
  async (engine) => {
    const client = await HttpClient.connect(engine.port);
    client.send("PROXY TCP4 192.0.2.1 127.0.0.1 4711 443\r\n");
    await client.closed;
    assert.equal(engine.count(PROXY_PROTOCOL_ERRORS), 1);
  },
);

everyEngine(
  "when the server stops, idle connections end and a request in flight is answered",
  {},
  async (engine) => {
    const idle = await engine.connect();
    idle.send(httpGet("/health"));
    await idle.receive(1);
    const busy = await engine.connect();
    busy.send("GET /health HTTP/1.1\r\n");
    const before = httpGet("/health").length;
    await until("the server has read the bytes", () => engine.count(RECEIVED_BYTES) > before);
    const stopped = engine.server.stop();
    await idle.closed;
    busy.send("Host: t\r\n\r\n");
    assert.equal((await busy.receive(1))[0].status, 200);
    await busy.closed;
    await stopped;
  },
);

test("an upgrade leaves the server with its bytes and its address", async () => {
  for (const kind of ENGINES) {
    const handed: { target: number | Socket; address: Uint8Array; bytes: Uint8Array }[] = [];
    const engine = await startEngine(kind, {
      onUpgrade: (target, address, bytes) => handed.push({ target, address, bytes }),
    });
    const client = await engine.connect();
    const upgrade = httpGet("/", "Upgrade: websocket", "Connection: Upgrade");
    client.send(httpGet("/health") + upgrade);
    await client.receive(1);
    await until("the connection is handed on", () => handed.length === 1);
    assert.equal(Buffer.from(handed[0].bytes).toString(), upgrade);
    assert.deepEqual([...handed[0].address], [127, 0, 0, 1]);
    const { target } = handed[0];
    if (typeof target === "number") closeFd(target);
    else target.destroy();
    await client.closed;
    await engine.stop();
  }
});
