/**
 * The same script over every engine: what a client receives, and what a WebSocket session is handed, are the same bytes.
 * Each script runs on connections of its own against a fresh engine, so that the store answers alike.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { closeFd } from "@swarmtide/linux";
import { announceTarget, httpGet, until } from "@swarmtide/test-kit";
import { RECEIVED_BYTES_IPV4, SENDS_DELAYED } from "../counters.ts";
import {
  ENGINES,
  type EngineName,
  type EngineSettings,
  type RunningEngine,
  startEngine,
} from "../testing/engines.ts";

const LAST = httpGet("/health", "Connection: close");
const UPGRADE = httpGet("/", "Upgrade: websocket", "Connection: Upgrade");
const PROXY_HEADERS = [
  Buffer.from("PROXY TCP4 192.0.2.1 127.0.0.1 4711 443\r\n"),
  Buffer.from("PROXY UNKNOWN\r\n"),
  Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000201c6336401126701bb", "hex"),
  Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex"),
];

/** A client of one engine, and everything it has received. */
class Client {
  received = "";
  /** Fulfilled when the other end has sent its last byte. */
  readonly ended: Promise<unknown>;
  readonly socket: Socket;
  readonly #engine: RunningEngine;

  static async connect(kind: EngineName, engine: RunningEngine, header: Buffer[] = []) {
    const raw = connectPlain({
      port: engine.port,
      host: "127.0.0.1",
      noDelay: true,
      allowHalfOpen: true,
    });
    await once(raw, "connect");
    for (const part of header) await sendPart(engine, raw, part);
    if (kind !== "tls") return new Client(engine, raw);
    const secure = connectTls({ socket: raw, rejectUnauthorized: false });
    await once(secure, "secureConnect");
    return new Client(engine, secure);
  }

  constructor(engine: RunningEngine, socket: Socket) {
    this.#engine = engine;
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.received += text;
    });
    socket.on("error", () => socket.destroy());
    this.ended = Promise.race([once(socket, "end"), once(socket, "close")]);
  }

  /** Sends each part once the engine has read the one before. */
  async send(...parts: string[]): Promise<void> {
    for (const part of parts) await sendPart(this.#engine, this.socket, Buffer.from(part));
  }

  /** What has come until the other end closed. */
  async all(): Promise<string> {
    await this.ended;
    this.socket.destroy();
    return this.received;
  }
}

async function sendPart(engine: RunningEngine, socket: Socket, part: Buffer): Promise<void> {
  const before = engine.count(RECEIVED_BYTES_IPV4);
  socket.write(part);
  await until(
    "the server has read the bytes",
    () => engine.count(RECEIVED_BYTES_IPV4) >= before + part.length,
  );
}

/** A scrape whose answer takes 3 KB. */
const SCRAPE = httpGet(
  `/scrape?${Array.from({ length: 50 }, (_, i) => `info_hash=%${(i + 100).toString(16)}aaaaaaaaaaaaaaaaaaa`).join("&")}`,
);
/** Answers to so many fill the buffers of the kernel at both ends. */
const SCRAPES = 6000;

const digestOf = (text: string) => createHash("sha256").update(text, "latin1").digest("hex");
const answersIn = (text: string) => text.match(/HTTP\/1\.1 /g)?.length ?? 0;

/** Runs the script over every engine; the texts it returns must be the same each time. */
function sameOverEngines(
  name: string,
  settings: EngineSettings,
  script: (engine: RunningEngine, kind: EngineName) => Promise<string[]>,
): void {
  test(name, { timeout: 120_000 }, async () => {
    const results: string[][] = [];
    for (const kind of ENGINES) {
      const engine = await startEngine(kind, settings);
      try {
        results.push(await script(engine, kind));
      } finally {
        await engine.stop();
      }
    }
    for (const [i, result] of results.entries())
      assert.deepEqual(result, results[0], `${ENGINES[i]} and ${ENGINES[0]} differ`);
  });
}

sameOverEngines("two requests, cut at every byte", {}, async (engine, kind) => {
  const requests = httpGet(announceTarget("a", 1, "&left=0"), "User-Agent: x") + LAST;
  const texts: string[] = [];
  for (let at = 1; at < requests.length; at++) {
    const client = await Client.connect(kind, engine);
    await client.send(requests.slice(0, at), requests.slice(at));
    texts.push(await client.all());
  }
  assert.ok(texts.every((text) => answersIn(text) === 2));
  return texts;
});

sameOverEngines("a thousand pipelined requests", {}, async (engine, kind) => {
  const client = await Client.connect(kind, engine);
  for (let i = 0; i < 1000; i++)
    client.socket.write(httpGet(announceTarget("a", 1 + (i % 20), "&left=0&numwant=0"), `A: ${i}`));
  client.socket.write(LAST);
  const text = await client.all();
  assert.equal(answersIn(text), 1001);
  return [text];
});

sameOverEngines("a reader that is slow at first", {}, async (engine, kind) => {
  const client = await Client.connect(kind, engine);
  client.socket.pause();
  client.socket.write(SCRAPE.repeat(SCRAPES) + LAST);
  await until("a send is delayed", () => engine.count(SENDS_DELAYED) > 0);
  client.socket.resume();
  const text = await client.all();
  assert.equal(answersIn(text), SCRAPES + 1);
  return [digestOf(text)];
});

sameOverEngines("a client that closes its side behind its requests", {}, async (engine, kind) => {
  const texts: string[] = [];
  for (const requests of [
    httpGet("/health"),
    httpGet("/health") + httpGet("/nothing"),
    "GET /hea",
  ]) {
    const client = await Client.connect(kind, engine);
    client.socket.end(requests);
    texts.push(await client.all());
  }
  assert.deepEqual(texts.map(answersIn), [1, 2, 0]);
  return texts;
});

sameOverEngines("errors, and what is sent behind them", {}, async (engine, kind) => {
  const texts: string[] = [];
  for (const request of [
    "hello\r\n",
    `GET /${"a".repeat(9000)}`,
    `POST /announce HTTP/1.1\r\nHost: t\r\nContent-Length: 300000\r\n\r\n${"x".repeat(100_000)}`,
    `${httpGet("/health")}GET / HTTP/1.1\r\n\r\n${httpGet("/health")}`,
    "GET /health HTTP/1.0\r\n\r\n",
  ]) {
    const client = await Client.connect(kind, engine);
    client.socket.write(request);
    texts.push(await client.all());
  }
  assert.deepEqual(texts.map(answersIn), [1, 1, 1, 2, 1]);
  return texts;
});

for (const [name, header] of PROXY_HEADERS.map((bytes, i) => [i, bytes] as const))
  sameOverEngines(
    `PROXY header ${name + 1}, cut at every byte`,
    { trusted: ["127.0.0.1"], proxyProtocol: true },
    async (engine, kind) => {
      const request = httpGet(
        announceTarget("a", 1),
        "X-Forwarded-For: 198.51.100.1",
        "Connection: close",
      );
      const texts: string[] = [];
      for (let at = 1; at <= header.length; at++) {
        const parts = [header.subarray(0, at), header.subarray(at)].filter(
          ({ length }) => length > 0,
        );
        const client = await Client.connect(kind, engine, parts);
        client.socket.write(request);
        texts.push(await client.all());
      }
      assert.equal(new Set(texts).size, 1);
      assert.equal(answersIn(texts[0] ?? ""), 1);
      return texts;
    },
  );

/** Answers before an upgrade, and what is handed on. */
async function upgrade(kind: EngineName, requests: string, isSlow: boolean): Promise<string[]> {
  const handed: { target: number | Socket; address: Uint8Array; bytes: Uint8Array }[] = [];
  const engine = await startEngine(kind, {
    onUpgrade: (target, address, bytes) => handed.push({ target, address, bytes }),
  });
  const client = await Client.connect(kind, engine);
  if (isSlow) client.socket.pause();
  client.socket.write(`${requests}${UPGRADE}frames`);
  if (isSlow) {
    await until("a send is delayed", () => engine.count(SENDS_DELAYED) > 0);
    assert.equal(handed.length, 0);
    client.socket.resume();
  }
  await until("the connection is handed on", () => handed.length === 1);
  const [first] = handed;
  assert.ok(first);
  const { target, address, bytes } = first;
  if (typeof target === "number") closeFd(target);
  else target.resume().end();
  const text = await client.all();
  await engine.stop();
  return [
    digestOf(text),
    String(answersIn(text)),
    address.join("."),
    Buffer.from(bytes).toString("latin1"),
  ];
}

for (const [name, requests, isSlow] of [
  [
    "an upgrade behind pipelined requests",
    httpGet("/health") + httpGet(announceTarget("a", 1)),
    false,
  ],
  ["an upgrade behind requests whose answers are taken slowly", SCRAPE.repeat(SCRAPES), true],
] as const)
  test(`${name} is handed on after their answers`, { timeout: 60_000 }, async () => {
    const first = await upgrade(ENGINES[0] ?? "net", requests, isSlow);
    const answers = requests.match(/GET /g)?.length;
    assert.deepEqual(first.slice(1), [String(answers), "127.0.0.1", `${UPGRADE}frames`]);
    for (const kind of ENGINES.slice(1))
      assert.deepEqual(await upgrade(kind, requests, isSlow), first, kind);
  });
