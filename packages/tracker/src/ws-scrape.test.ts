import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { announceQueryString } from "@swarmtide/http-protocol";
import { idOf, LOOPBACK_CONFIG, UdpClient, WebTorrentClient } from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "./config.ts";
import { startTracker } from "./start-tracker.ts";

const TIMEOUT = { timeout: 60_000 };
const INFO_HASH = Buffer.from(idOf("film"), "latin1");

/** A tracker with two web workers, and a leecher over UDP, a seeder over HTTP and one over WebTorrent in one torrent. */
async function start(t: TestContext, ws: string) {
  const text = `log_level = "off"\n${LOOPBACK_CONFIG.replace("[web]", "[web]\nworkers = 2")}\n[swarm]\nmax_memory = 64\n[ws]\n${ws}\n`;
  const tracker = await startTracker(readConfig(trackerSchema, text, "test.toml"));
  t.after(() => tracker.stop());
  const addressOf = (wanted: string) =>
    tracker.addresses.find(({ protocol }) => protocol === wanted)?.address ?? "";
  for (const host of ["127.0.0.1", "[::1]"]) {
    const found = tracker.addresses.find(
      ({ protocol, address }) => protocol === "udp" && String(address).startsWith(host),
    );
    const udp = await UdpClient.open(String(found?.address));
    await udp.announce(INFO_HASH, 5001, 1n);
    udp.close();
  }
  const peerId = Buffer.from("-ST0001-abcdefghijkl");
  const query = announceQueryString({ infoHash: INFO_HASH, peerId, port: 5002, left: 0 });
  assert.equal((await fetch(`http://${addressOf("http")}/announce?${query}`)).status, 200);
  const clients = await Promise.all(
    ["ann", "bob"].map((name) => WebTorrentClient.connect(`ws://${addressOf("ws")}/`, name)),
  );
  for (const client of clients) {
    client.announce("film", { left: 0 });
    await client.reply();
  }
  const counts = [];
  for (const client of clients) {
    client.send({ action: "scrape", info_hash: [idOf("song"), idOf("film")] });
    const { files = {} } = await client.take(({ files }) => files !== undefined);
    counts.push(files[idOf("film")]);
    assert.deepEqual(files[idOf("song")], { complete: 0, incomplete: 0, downloaded: 0 });
  }
  // Only now: who hangs up is no longer counted.
  for (const { socket } of clients) socket.terminate();
  return counts;
}

test(
  "a scrape over WebTorrent adds the peers of UDP and HTTP where the key is on",
  TIMEOUT,
  async (t) => {
    const film = { complete: 3, incomplete: 2, downloaded: 0 };
    assert.deepEqual(await start(t, "scrape_counts_all_protocols = true"), [film, film]);
  },
);

test("by default a scrape over WebTorrent counts WebTorrent only", TIMEOUT, async (t) => {
  const film = { complete: 2, incomplete: 0, downloaded: 0 };
  assert.deepEqual(await start(t, ""), [film, film]);
});
