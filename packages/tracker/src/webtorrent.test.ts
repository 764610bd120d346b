import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import {
  idOf,
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
  until,
  WebTorrentClient,
} from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { startTracker } from "./start-tracker.ts";

const TIMEOUT = { timeout: 60_000 };
const testdata = (name: string) =>
  fileURLToPath(new URL(`../../tcp/testdata/${name}`, import.meta.url));

const TLS = `tls_address_ipv4 = "127.0.0.1:0"
tls_certificate_path = "${testdata("ec.crt")}"
tls_private_key_path = "${testdata("ec-pkcs8.key")}"
`;

/** A tracker on free ports; `web`, `ws` and `rest` are lines of the configuration. */
async function start(t: TestContext, { web = "", ws = "", rest = "" } = {}) {
  const text = `log_level = "off"\n${LOOPBACK_CONFIG.replace("[web]", `[web]\n${TLS}${web}`)}\n[swarm]\nmax_memory = 64\n[ws]\n${ws}\n${rest}`;
  const tracker = await startTracker(readConfig(trackerSchema, text, "test.toml"));
  t.after(() => tracker.stop());
  const url = (protocol: string) => {
    const found = tracker.addresses.find((address) => address.protocol === protocol);
    return `${protocol}://${found?.address}/any/path`;
  };
  return { tracker, url };
}

/** Two clients exchange an offer and an answer; both close. */
async function meet(torrent: string, seederUrl: string, leecherUrl: string): Promise<void> {
  const seeder = await WebTorrentClient.connect(seederUrl, `seed-${torrent}`);
  const leecher = await WebTorrentClient.connect(leecherUrl, `leech-${torrent}`);
  seeder.announce(torrent, { left: 0 });
  assert.equal((await seeder.reply()).complete, 1);
  leecher.announce(torrent, { offers: 3 });
  const offer = await seeder.take(({ offer }) => offer !== undefined);
  assert.equal(offer.peer_id, idOf(`leech-${torrent}`));
  seeder.answer(torrent, offer);
  const answer = await leecher.take(({ answer }) => answer !== undefined);
  assert.equal(answer.answer?.sdp, `answer of ${idOf(`seed-${torrent}`)}`);
  assert.equal(answer.offer_id, offer.offer_id);
  leecher.send({ action: "scrape", info_hash: idOf(torrent) });
  const scrape = await leecher.take(({ files }) => files !== undefined);
  assert.deepEqual(
    Object.values(scrape.files ?? {}).map(({ complete }) => complete),
    [1],
  );
  const closed = [once(seeder.socket, "close"), once(leecher.socket, "close")];
  seeder.socket.close();
  leecher.socket.close();
  await Promise.all(closed);
}

/** Torrents enough that each of three workers owns some. */
const TORRENTS = Array.from({ length: 12 }, (_, i) => `film-${i}`);

/** Waits until a reading is as wanted: what closes a connection is counted a moment later. */
const settles = (reading: () => unknown, wanted: unknown): Promise<unknown> =>
  until(`${reading} gives ${wanted}`, () => {
    assert.equal(reading(), wanted);
    return true;
  });

for (const engine of ["epoll", "net"])
  for (const workers of [1, 3])
    test(
      `peers over ws and wss find each other, engine ${engine}, ${workers} workers`,
      TIMEOUT,
      async (t) => {
        const { tracker, url } = await start(t, {
          web: `engine = "${engine}"\nworkers = ${workers}`,
        });
        assert.equal(tracker.protocols.find(({ name }) => name === "ws")?.workers, workers);
        await Promise.all(
          TORRENTS.map((torrent, i) =>
            meet(torrent, url(i % 2 === 0 ? "ws" : "wss"), url(i % 3 === 0 ? "ws" : "wss")),
          ),
        );
        await settles(() => tracker.statistics().ws?.peers, 0);
        await settles(() => tracker.statistics().http?.connections, 0);
        const { ws } = tracker.statistics();
        assert.equal(ws?.announce, 3 * TORRENTS.length);
        assert.equal(ws?.answer, TORRENTS.length);
        assert.equal(ws?.connections, 0);
      },
    );

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

for (const engine of ["epoll", "net"])
  test(
    `connections beyond max_connections_per_address are closed, and room is found again, engine ${engine}`,
    TIMEOUT,
    async (t) => {
      const { url, tracker } = await start(t, {
        web: `engine = "${engine}"\nmax_connections_per_address = 3`,
      });
      const clients: WebTorrentClient[] = [];
      for (let i = 0; i < 3; i++) clients.push(await WebTorrentClient.connect(url("ws"), `c${i}`));
      await assert.rejects(WebTorrentClient.connect(url("ws"), "fourth"));
      for (const { socket } of clients) socket.terminate();
      await settles(() => tracker.statistics().http?.connections, 0);
      const late = await WebTorrentClient.connect(url("ws"), "late");
      late.announce("film");
      assert.equal((await late.reply()).incomplete, 1);
      late.socket.terminate();
    },
  );

test("two thousand connections leave no descriptor behind", TIMEOUT, async (t) => {
  const { url, tracker } = await start(t, { web: "workers = 2" });
  const first = await WebTorrentClient.connect(url("ws"), "first");
  first.socket.terminate();
  await settles(() => tracker.statistics().http?.connections, 0);
  const descriptors = () => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  for (let round = 0; round < 20; round++) {
    const clients = await Promise.all(
      Array.from({ length: 100 }, (_, i) => WebTorrentClient.connect(url("ws"), `c${i}`)),
    );
    for (const { socket } of clients) socket.terminate();
  }
  await settles(() => tracker.statistics().ws?.connections, 0);
  await settles(() => tracker.statistics().http?.connections, 0);
  await settles(() => descriptors() <= before, true);
});

test(
  "a new access list takes the peers of a refused torrent out and refuses them",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "list.txt");
    const hex = (torrent: string) => Buffer.from(idOf(torrent)).toString("hex");
    writeFileSync(path, `${hex("film")}\n`);
    const { url, tracker } = await start(t, {
      rest: `[access_list]\nmode = "allow"\npath = "${path}"`,
    });
    const client = await WebTorrentClient.connect(url("wss"), "ann");
    client.announce("film");
    await client.reply();
    client.announce("song");
    const refusal = await client.take((message) => message["failure reason"] !== undefined);
    assert.equal(refusal.info_hash, idOf("song"));
    writeFileSync(path, `${hex("song")}\n`);
    await tracker.reload();
    await settles(() => tracker.statistics().ws?.torrents, 0);
    client.announce("song");
    assert.equal((await client.reply()).info_hash, idOf("song"));
    client.socket.terminate();
  },
);

/** Which certificate a new connection is shown. */
async function fingerprint(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connectTls({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const shown = socket.getPeerCertificate().fingerprint256;
  socket.destroy();
  return shown;
}

test(
  "a renewed certificate is for new connections, those that are open go on",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const [certificate, key] = [join(folder, "server.crt"), join(folder, "server.key")];
    const install = (crt: string, pem: string) => {
      copyFileSync(testdata(crt), certificate);
      copyFileSync(testdata(pem), key);
    };
    install("ec.crt", "ec-sec1.key");
    const tls = `tls_address_ipv4 = "127.0.0.1:0"\ntls_certificate_path = "${certificate}"\ntls_private_key_path = "${key}"`;
    const program = startProgram(t, LOOPBACK_CONFIG.replace("[web]", `[web]\n${tls}`), {
      args: ["ws"],
    });
    const [, url = ""] = await program.output(/^Point clients at .*(wss:\S+)$/m);
    const before = await fingerprint(url);
    const early = await WebTorrentClient.connect(url, "early");
    install("rsa.crt", "rsa-pkcs1.key");
    program.child.kill("SIGHUP");
    await program.output(/TLS files reloaded/);
    early.announce("film");
    await early.reply();
    await until("the new certificate is shown", async () => (await fingerprint(url)) !== before);
    const late = await WebTorrentClient.connect(url, "late");
    late.announce("film");
    assert.equal((await late.reply()).incomplete, 2);
    early.announce("film", { event: "" });
    assert.equal((await early.reply()).incomplete, 2);
    assert.equal(await program.end("SIGTERM"), 0);
  },
);

test(
  "`swarmtide ws` serves WebTorrent alone, and says goodbye with 1001 when it stops",
  TIMEOUT,
  async (t) => {
    const program = startProgram(t, LOOPBACK_CONFIG, { args: ["ws"] });
    const [, url = ""] = await program.output(
      /^WebTorrent tracker on (ws:\S+) and ws:\S+ \(1 worker\)$/m,
    );
    await program.output(/^Point clients at ws:\S+ or ws:\S+$/m);
    assert.doesNotMatch(program.stdout, /UDP|HTTP/);
    const answerOf = async (path: string) =>
      (await fetch(`${url.replace("ws:", "http:")}${path}`)).status;
    assert.equal(await answerOf("/health"), 200);
    assert.equal(await answerOf("/announce?info_hash=x"), 404);
    const client = await WebTorrentClient.connect(url, "ann");
    client.announce("film");
    await client.reply();
    const closed = client.closeCode();
    assert.equal(await program.end("SIGTERM"), 0);
    assert.equal(await closed, 1001);
    assert.match(program.stderr, /ws: announce=1 scrape=0 offer=0 answer=0 error=0$/m);
  },
);
