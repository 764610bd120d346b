import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { WebTorrentClient } from "@swarmtide/test-kit";
import { settles, start } from "./testing/web-torrent-tracker.ts";

const TIMEOUT = { timeout: 60_000 };

describe("an upgrade over plain HTTP", () => {
  const head = [
    "GET /announce?x=1 HTTP/1.1",
    "Host: localhost",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ].join("\r\n");
  const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  /** A ping with the text "hi", masked with 0. */
  const ping = Buffer.from([0x89, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  const pong = Buffer.from([0x8a, 0x02, 0x68, 0x69]);

  /** Sends the parts one after the other, and `late` once the upgrade is answered; what came up to and with the pong. */
  async function speak(
    address: string,
    parts: readonly Buffer[],
    late = Buffer.alloc(0),
  ): Promise<Buffer> {
    const { protocol, hostname: host, port } = new URL(address);
    const socket =
      protocol === "wss:"
        ? connectTls({ host, port: Number(port), rejectUnauthorized: false })
        : connect({ host, port: Number(port), noDelay: true });
    // What is written before goes out with the last bytes of the handshake.
    if (protocol === "ws:") await once(socket, "connect");
    for (const part of parts) {
      socket.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let received = Buffer.alloc(0);
    for await (const chunk of socket) {
      if (received.length === 0) socket.write(late);
      received = Buffer.concat([received, chunk]);
      if (received.includes(pong)) break;
    }
    socket.destroy();
    return received;
  }

  for (const engine of ["epoll", "net"])
    test(
      `split at any byte or with a frame in the same packet is one upgrade, engine ${engine}`,
      TIMEOUT,
      async (t) => {
        const { url } = await start(t, { web: `engine = "${engine}"` });
        const whole = Buffer.concat([Buffer.from(head), ping]);
        for (let split = 0; split < whole.length; split++) {
          const received = await speak(url("ws"), [
            whole.subarray(0, split),
            whole.subarray(split),
          ]);
          assert.match(received.toString("latin1"), /^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/);
          assert.ok(received.includes(ACCEPT));
          assert.ok(received.subarray(-pong.length).equals(pong));
        }
      },
    );

  for (const engine of ["epoll", "net"])
    test(
      `in one packet with a PROXY header is one too, with a frame behind it or after it, engine ${engine}`,
      TIMEOUT,
      async (t) => {
        const { url } = await start(t, {
          web: `engine = "${engine}"\nproxy_protocol = true\ntrusted_proxies = ["127.0.0.1"]`,
        });
        const proxy = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
        const upgrade = Buffer.from(proxy + head);
        for (const received of [
          await speak(url("ws"), [Buffer.concat([upgrade, ping])]),
          await speak(url("ws"), [upgrade], ping),
        ])
          assert.match(received.toString("latin1"), /^HTTP\/1\.1 101 /);
      },
    );

  test("in one packet with the end of the TLS handshake is one too", TIMEOUT, async (t) => {
    const { url } = await start(t);
    const upgrade = Buffer.from(head);
    for (const received of [
      await speak(url("wss"), [Buffer.concat([upgrade, ping])]),
      await speak(url("wss"), [upgrade], ping),
    ])
      assert.match(received.toString("latin1"), /^HTTP\/1\.1 101 /);
  });

  test("after an HTTP request on the same connection is an upgrade too", TIMEOUT, async (t) => {
    const { url } = await start(t);
    const health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const received = await speak(url("ws"), [Buffer.from(health + head), ping]);
    assert.match(received.toString("latin1"), /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 101 /);
  });

  test(
    "is answered 403 for a page whose origin is not on the list, and taken for one that is",
    TIMEOUT,
    async (t) => {
      const { url, tracker } = await start(t, {
        ws: 'allowed_origins = ["https://films.example"]',
      });
      for (const protocol of ["ws", "wss"]) {
        await assert.rejects(
          WebTorrentClient.connect(url(protocol), "ann", { origin: "https://elsewhere.example" }),
          /403/,
        );
        const client = await WebTorrentClient.connect(url(protocol), "ann", {
          origin: "https://films.example",
        });
        client.socket.terminate();
      }
      await settles(() => tracker.statistics().http?.connections, 0);
    },
  );

  test("is refused where WebTorrent is off", TIMEOUT, async (t) => {
    const { url, tracker } = await start(t, { ws: "enabled = false" });
    assert.equal(
      tracker.protocols.some(({ name }) => name === "ws"),
      false,
    );
    const address = url("http").replace("http:", "ws:").replace("any/path", "nowhere");
    await assert.rejects(WebTorrentClient.connect(address, "ann"), /404/);
  });
});
