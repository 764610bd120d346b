import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import {
  idOf,
  LOOPBACK_CONFIG,
  startProgram,
  temporaryFolder,
  until,
  WebTorrentClient,
} from "@swarmtide/test-kit";
import { settles, start, testdata } from "./testing/web-torrent-tracker.ts";

const TIMEOUT = { timeout: 60_000 };
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
