import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { WebSocketServer } from "ws";
import { announce, scrape } from "./client.ts";
import { failsWith } from "./testing/fails-with.ts";

const infoHash = new Uint8Array(20).fill(0xe9);
const NAME = "\u00e9".repeat(20);

/** A tracker that answers each message with the texts that `answer` returns. */
async function fakeTracker(t: TestContext, answer: (message: Record<string, unknown>) => string[]) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  t.after(() => server.close());
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      for (const text of answer(JSON.parse(String(data)))) socket.send(text);
    });
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return `ws://127.0.0.1:${port}`;
}

test("an announce waits for its reply, past offers of others", async (t) => {
  const seen: Record<string, unknown>[] = [];
  const url = await fakeTracker(t, (message) => {
    seen.push(message);
    const id = "x".repeat(20);
    const offer = { type: "offer", sdp: "s" };
    return [
      JSON.stringify({ action: "announce", info_hash: NAME, peer_id: id, offer_id: id, offer }),
      JSON.stringify({
        action: "announce",
        info_hash: NAME,
        complete: 2,
        incomplete: 3,
        interval: 120,
      }),
    ];
  });
  const result = await announce(url, { infoHash, left: 5 });
  assert.deepEqual([result.seeders, result.leechers, result.intervalSeconds], [2, 3, 120]);
  assert.deepEqual(result.peers, []);
  assert.equal(seen[0]?.info_hash, NAME);
  assert.equal(seen[0]?.left, 5);
});

test("a scrape of one torrent and of several reads the counts", async (t) => {
  const url = await fakeTracker(t, () => [
    JSON.stringify({
      action: "scrape",
      files: { [NAME]: { complete: 1, incomplete: 2, downloaded: 3 } },
    }),
  ]);
  const expected = [{ infoHash: "e9".repeat(20), seeders: 1, completed: 3, leechers: 2 }];
  assert.deepEqual((await scrape(url, [infoHash])).torrents, expected);
  assert.deepEqual((await scrape(url, [new Uint8Array(20), infoHash])).torrents, expected);
});

test("failures, nonsense and silence are told apart", async (t) => {
  const failing = await fakeTracker(t, () => ['{"failure reason":"no"}']);
  await assert.rejects(announce(failing, { infoHash }), failsWith("refused", /refused: no$/));
  const babbling = await fakeTracker(t, () => ["hello"]);
  await assert.rejects(announce(babbling, { infoHash }), failsWith("malformed", /hello$/));
  const silent = await fakeTracker(t, () => []);
  await assert.rejects(
    announce(silent, { infoHash }, { timeoutMilliseconds: 200 }),
    failsWith("timeout", /an announce reply did not come within 0\.2 s$/),
  );
  await assert.rejects(
    announce("ws://127.0.0.1:9", { infoHash }),
    failsWith("unreachable", /ECONNREFUSED/),
  );
});
