import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { httpColumns, httpSection } from "@swarmtide/http";
import { asciiBytes, readAnnounceReply } from "@swarmtide/http-protocol";
import { linuxSupported } from "@swarmtide/linux";
import { formatListener } from "@swarmtide/runtime";
import { AccessList, createSwarmStore } from "@swarmtide/swarm";
import { announceTarget, HttpClient, httpGet, until } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { wsSection } from "@swarmtide/ws";
import type { WebSettings } from "./answering.ts";
import { bindWeb, closeGroups, type WebBinding, webPlacesOf } from "./bind.ts";
import { type WebConfig, webSection } from "./config.ts";
import { CONNECTIONS_ACCEPTED, CONNECTIONS_CLOSED, TLS_HANDSHAKES } from "./counters.ts";
import { startWeb } from "./server.ts";
import { testdata } from "./testing/engines.ts";
import { readTlsFiles } from "./tls-files.ts";

const skip = linuxSupported() ? false : "descriptors for workers need Linux";
const running: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of running) await stop();
});

const configOf = (changes: Partial<WebConfig>): WebConfig => ({
  ...defaultConfig(webSection),
  addressIpv4: [{ host: "127.0.0.1", port: 0 }],
  addressIpv6: [{ host: "::1", port: 0 }],
  tlsAddressIpv4: [{ host: "127.0.0.1", port: 0 }],
  ...changes,
});

const urlsOf = (binding: WebBinding): string[] =>
  webPlacesOf(binding).map(
    (listener) => `${listener.isTls ? "https" : "http"}://${formatListener(listener)}`,
  );

async function startTracker(changes: Partial<WebConfig>, httpWorkers = 1) {
  const web = configOf(changes);
  const http = { ...defaultConfig(httpSection), workers: httpWorkers };
  const ws = { ...defaultConfig(wsSection), enabled: false };
  const binding = bindWeb(web, http.workers, ws.enabled);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const deaths: string[] = [];
  const hints: string[] = [];
  const settings: WebSettings = {
    ...{ http, ws, web, accessList: AccessList.build({ mode: "off" }) },
    tls: readTlsFiles(testdata("ec.crt"), testdata("ec-pkcs8.key")),
  };
  const server = startWeb({
    settings,
    binding,
    store: store.handle,
    startedSeconds: process.hrtime()[0],
    onHint: (line) => hints.push(line),
    onDeath: (reason) => deaths.push(reason),
  });
  await server.ready;
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    assert.equal(await server.stop(), true);
    assert.deepEqual(deaths, []);
  };
  running.push(stop);
  const addresses = urlsOf(binding);
  const port = (start: string) => {
    const found = addresses.find((address) => address.startsWith(start)) ?? "";
    return Number(/\d+$/.exec(found)?.[0]);
  };
  return { addresses, binding, settings, store, server, stop, port, hints };
}

/** One announce on a connection of its own. */
async function ask(kind: "net" | "tls", port: number, target: string, ...headers: string[]) {
  const client = await HttpClient.connect(port, { isTls: kind === "tls" });
  client.send(httpGet(target, "Connection: close", ...headers));
  const [answer] = await client.receive(1);
  assert.ok(answer);
  await client.closed;
  return readAnnounceReply(Buffer.from(answer.text, "latin1"));
}

describe("the HTTP server", { skip }, () => {
  for (const engine of ["epoll", "net"] as const)
    test(`with engine ${engine}, peers over HTTP and HTTPS find each other`, async () => {
      const { addresses, binding, port, server, stop } = await startTracker({ engine }, 2);
      assert.equal(binding.engine, engine);
      assert.equal(addresses.length, 3);
      for (let i = 1; i <= 8; i++)
        await ask("net", port("http://127"), announceTarget("a", i, "&left=0"));
      const secure = await ask("tls", port("https://127"), announceTarget("a", 99, "&left=1"));
      assert.ok(secure.failureReason === undefined);
      assert.deepEqual(secure.peers.map((peer) => peer.port).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
      const plain = await ask(
        "net",
        port("http://127"),
        announceTarget("a", 98, "&left=1&numwant=0"),
      );
      assert.ok(plain.failureReason === undefined);
      assert.deepEqual([plain.complete, plain.incomplete], [8, 2]);
      assert.equal(server.httpCounters.sum(httpColumns.ANNOUNCES, 4), 10);
      assert.equal(server.tcpCounters.sum(TLS_HANDSHAKES), 1);
      await stop();
      assert.equal(server.tcpCounters.sum(CONNECTIONS_ACCEPTED), 10);
      assert.equal(server.tcpCounters.sum(CONNECTIONS_CLOSED), 10);
    });

  test("a reload takes a new access list and a new certificate into use without a dropped connection", async () => {
    const { port, server, settings } = await startTracker({});
    const kept = await HttpClient.connect(port("http://127"));
    const keptSecure = await HttpClient.connect(port("https://127"), { isTls: true });
    for (const client of [kept, keptSecure]) {
      client.send(httpGet("/health"));
      await client.receive(1);
    }
    server.reload({
      ...settings,
      accessList: AccessList.build({ mode: "deny", hashes: asciiBytes("b".repeat(20)) }),
      tls: readTlsFiles(testdata("rsa.crt"), testdata("rsa-pkcs8.key")),
    });
    for (const kind of ["net", "tls"] as const) {
      const target = port(kind === "net" ? "http://127" : "https://127");
      const refusal = await until(
        "the worker refuses the torrent",
        async () => (await ask(kind, target, announceTarget("b", 1))).failureReason,
      );
      assert.match(String(refusal), /not allowed/);
      assert.equal((await ask(kind, target, announceTarget("a", 1))).failureReason, undefined);
    }
    for (const client of [kept, keptSecure]) {
      client.send(httpGet("/health"));
      await client.receive(2);
      client.destroy();
    }
  });

  test("a worker reports a proxy that was forgotten", async () => {
    const { port, hints } = await startTracker({});
    const client = await HttpClient.connect(port("http://127"));
    const request = httpGet(announceTarget("a", 1), "X-Forwarded-For: 192.0.2.1");
    client.send(request.repeat(250));
    await client.receive(250);
    await until("the worker has told of it", () => {
      client.send(request);
      return hints.length > 0;
    });
    assert.match(hints[0] ?? "", /127\.0\.0\.1 .*trusted_proxies/);
    client.destroy();
  });

  test("it stops with connections open, and its ports are free again", async () => {
    const { port, stop } = await startTracker({});
    const idle = await HttpClient.connect(port("http://127"));
    const secure = await HttpClient.connect(port("https://127"), { isTls: true });
    idle.send(httpGet("/health"));
    await idle.receive(1);
    await stop();
    await Promise.all([idle.closed, secure.closed]);
    const again = bindWeb(
      configOf({ addressIpv4: [{ host: "127.0.0.1", port: port("http://127") }] }),
      1,
      false,
    );
    closeGroups(again.groups);
  });

  test("a port that is taken is reported before anything starts, with several workers too", () => {
    for (const workers of [1, 2]) {
      const first = bindWeb(configOf({}), workers, false);
      const port = Number(/\d+$/.exec(urlsOf(first)[0] ?? "")?.[0]);
      const config = configOf({ addressIpv4: [{ host: "127.0.0.1", port }] });
      assert.throws(() => bindWeb(config, workers, false), /EADDRINUSE/);
      closeGroups(first.groups);
    }
  });
});
