import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { closeFd } from "@swarmtide/linux";
import { announceTarget, HttpClient, httpGet, until } from "@swarmtide/test-kit";
import {
  IDLE_TIMEOUTS,
  OVER_ADDRESS_LIMIT,
  OVER_LIMIT,
  PROXY_PROTOCOL_ERRORS,
  RECEIVED_BYTES_IPV4,
  REQUEST_TIMEOUTS,
} from "../counters.ts";
import { ENGINES, IDLE_TIMEOUT, REQUEST_TIMEOUT, startEngine } from "../testing/engines.ts";
import { everyEngine } from "../testing/every-engine.ts";

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
      assert.equal((await other.receive(1))[0]?.status, 200);
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
    () => engine.count(RECEIVED_BYTES_IPV4) > httpGet("/health").length,
  );
  engine.advance(REQUEST_TIMEOUT - 1000);
  client.send("lth HTTP/1.1\r\nHost: t\r\n\r\n");
  await client.receive(2);
  client.send("GET /");
  await until(
    "the server has read the bytes",
    () => engine.count(RECEIVED_BYTES_IPV4) > 2 * httpGet("/health").length,
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
    clients[0]?.destroy();
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
    assert.ok(answer);
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
    assert.ok((await split.receive(1))[0]?.text.includes("11:external ip4:\xc0\x00\x02\x01"));
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
    await until("the server has read the bytes", () => engine.count(RECEIVED_BYTES_IPV4) > before);
    const stopped = engine.server.stop();
    await idle.closed;
    busy.send("Host: t\r\n\r\n");
    assert.equal((await busy.receive(1))[0]?.status, 200);
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
    assert.equal(Buffer.from(handed[0]?.bytes ?? []).toString(), upgrade);
    assert.deepEqual([...(handed[0]?.address ?? [])], [127, 0, 0, 1]);
    const target = handed[0]?.target;
    if (typeof target === "number") closeFd(target);
    else target?.destroy();
    await client.closed;
    await engine.stop();
  }
});
