import assert from "node:assert/strict";
import { announceTarget, httpGet, until } from "@swarmtide/test-kit";
import { REQUEST_TIMEOUTS, SENDS_DELAYED, SENT_BYTES_IPV4 } from "../counters.ts";
import { REQUEST_TIMEOUT } from "../testing/engines.ts";
import { everyEngine } from "../testing/every-engine.ts";

everyEngine(
  "peers find each other, over one kept connection and over new ones",
  {},
  async (engine) => {
    const client = await engine.connect();
    client.send(httpGet(announceTarget("a", 1, "&left=0")));
    await client.receive(1);
    client.send(httpGet(announceTarget("a", 2, "&left=1")));
    const [, second] = await client.receive(2);
    assert.ok(second);
    assert.ok(second.text.includes("5:peers6:\x7f\x00\x00\x01\x00\x01"));
    const other = await engine.connect();
    other.send(httpGet(announceTarget("a", 3, "&left=1"), "Connection: close"));
    const [third] = await other.receive(1);
    assert.ok(third);
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
  assert.ok(first && second);
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
    const [answer] = await client.receive(1);
    assert.ok(answer);
    const { status, text } = answer;
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
  assert.ok(answer);
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
    assert.ok(answer);
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
    const sentWhilePaused = engine.count(SENT_BYTES_IPV4);
    client.socket.resume();
    const answers = await client.receive(60 + count);
    assert.ok(answers.slice(60).every(({ text }) => text.includes("5:peersld2:ip")));
    assert.ok(isAllTaken);
    assert.ok(sentWhilePaused < engine.count(SENT_BYTES_IPV4));
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
