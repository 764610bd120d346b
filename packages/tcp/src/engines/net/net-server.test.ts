import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { limitsSection } from "@swarmtide/swarm";
import { announceTarget, HttpClient, httpGet, until } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { TLS_FAILURES, TLS_HANDSHAKES } from "../../counters.ts";
import { HANDSHAKE_TIMEOUT, startEngine, testdata } from "../../testing/engines.ts";
import { makeSecureContext, readTlsFiles } from "../../tls-files.ts";
import { NetServer } from "./net-server.ts";

test("a TLS handshake must be done in time", { timeout: 20_000 }, async () => {
  const engine = await startEngine("tls");
  const silent = connect({ port: engine.port, host: "127.0.0.1" });
  const closed = new Promise((resolve) => silent.once("close", resolve));
  await until("one connection is open", () => engine.connectionCount() === 1);
  engine.advance(HANDSHAKE_TIMEOUT + 1);
  await closed;
  assert.equal(engine.count(TLS_FAILURES), 1);
  await engine.stop();
});

test("plain HTTP on the TLS port ends the connection and nothing else", {
  timeout: 20_000,
}, async () => {
  const engine = await startEngine("tls");
  const plain = await HttpClient.connect(engine.port);
  plain.send(httpGet("/health"));
  await plain.closed;
  assert.equal(engine.count(TLS_FAILURES), 1);
  const client = await HttpClient.connect(engine.port, { isTls: true });
  client.send(httpGet("/health"));
  await client.receive(1);
  assert.equal(engine.count(TLS_HANDSHAKES), 1);
  client.destroy();
  await engine.stop();
});

for (const name of ["net", "tls"] as const)
  test(`a worker that never sleeps is behind: it refuses repeats until it sleeps again, engine ${name}`, {
    timeout: 20_000,
  }, async (t) => {
    let slept = 0;
    const limits = { ...defaultConfig(limitsSection), exempt: [] };
    const engine = await startEngine(name, { limits, sleptMilliseconds: () => slept });
    t.after(() => engine.stop());
    /** What is said to a peer that announces once more, and to a scrape. */
    const ask = async (): Promise<[string, string]> => {
      engine.advance(100);
      const client = await engine.connect();
      client.send(httpGet(announceTarget("a", 1000, "&left=5")));
      client.send(httpGet(`/scrape?info_hash=${"b".repeat(20)}`));
      const [announced, scraped] = await client.receive(2);
      client.destroy();
      return [kindOf(announced?.text), kindOf(scraped?.text)];
    };
    slept += 50;
    assert.deepEqual(await ask(), ["answer", "answer"]);
    // The first one is noted.
    assert.deepEqual(await ask(), ["answer", "answer"]);
    assert.deepEqual(await ask(), ["busy", "answer"]);
    slept += 50;
    assert.deepEqual(await ask(), ["answer", "answer"]);
  });

const kindOf = (text = ""): string => (text.includes("tracker is busy") ? "busy" : "answer");

test("the event loop of a thread that waits now and then keeps up", {
  timeout: 20_000,
}, async (t) => {
  const limits = { ...defaultConfig(limitsSection), exempt: [] };
  const engine = await startEngine("net", { limits });
  t.after(() => engine.stop());
  const client = await engine.connect();
  for (let count = 1; count <= 4; count++) {
    engine.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send(httpGet(announceTarget("a", 1000, "&left=5")));
    const answers = await client.receive(count);
    assert.deepEqual(
      answers.map(({ text }) => kindOf(text)),
      new Array(count).fill("answer"),
    );
  }
  client.destroy();
});

test("a renewed certificate serves new connections, and open ones go on", {
  timeout: 20_000,
}, async () => {
  const engine = await startEngine("tls");
  const before = await HttpClient.connect(engine.port, { isTls: true });
  const keyType = (client: HttpClient) =>
    (client.socket as TLSSocket).getPeerX509Certificate()?.publicKey.asymmetricKeyType;
  assert.equal(keyType(before), "ec");
  const renewed = readTlsFiles(testdata("rsa.crt"), testdata("rsa-pkcs1.key"));
  assert.ok(engine.server instanceof NetServer);
  engine.server.setSecureContext(makeSecureContext(renewed, undefined));
  const after = await HttpClient.connect(engine.port, { isTls: true });
  assert.equal(keyType(after), "rsa");
  for (const client of [before, after]) {
    client.send(httpGet("/health"));
    await client.receive(1);
    client.destroy();
  }
  await engine.stop();
});

test("a TLS session goes on at another context with the same ticket keys", {
  timeout: 20_000,
}, async () => {
  const engine = await startEngine("tls");
  assert.ok(engine.server instanceof NetServer);
  const files = readTlsFiles(testdata("ec.crt"), testdata("ec-sec1.key"));
  const ticketKeys = Buffer.alloc(48, 7);
  const reused = async (session: Buffer | undefined) => {
    const socket = connectTls({
      port: engine.port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ...(session === undefined ? {} : { session }),
    });
    const ticket = new Promise<Buffer>((resolve) => socket.once("session", resolve));
    socket.write(httpGet("/health"));
    await new Promise((resolve) => socket.once("data", resolve));
    const result = { isReused: socket.isSessionReused(), session: session ?? (await ticket) };
    socket.destroy();
    return result;
  };
  engine.server.setSecureContext(makeSecureContext(files, ticketKeys));
  const first = await reused(undefined);
  assert.equal(first.isReused, false);
  engine.server.setSecureContext(makeSecureContext(files, ticketKeys));
  assert.equal((await reused(first.session)).isReused, true);
  engine.server.setSecureContext(makeSecureContext(files, Buffer.alloc(48, 8)));
  assert.equal((await reused(first.session)).isReused, false);
  await engine.stop();
});

test("a port that is taken is an error and leaves nothing open", async () => {
  const engine = await startEngine("net");
  await assert.rejects(() => startEngine("net", { port: engine.port }), /EADDRINUSE/);
  await engine.stop();
});
