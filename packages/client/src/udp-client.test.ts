import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { EVENT_STARTED } from "@swarmtide/bittorrent";
import { readUrlData } from "@swarmtide/udp-protocol";
import { announce, scrape } from "./client.ts";
import { failsWith } from "./testing/fails-with.ts";

const infoHash = new Uint8Array(20).fill(7);
const CONNECTION_ID = "1122334455667788";

type Answer = (request: Buffer, from: RemoteInfo, socket: Socket) => Buffer | undefined;

/** A tracker whose answers the test writes; a connect request gets its connection id unless the test says otherwise. */
async function fakeTracker(t: TestContext, answer: Answer, answersConnects = true) {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.on("message", (request, from) => {
    const isConnect = request.length === 16 && request.readUInt32BE(8) === 0;
    const reply =
      isConnect && answersConnects
        ? replyTo(0, request, Buffer.from(CONNECTION_ID, "hex"))
        : answer(request, from, socket);
    if (reply) socket.send(reply, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return `udp://127.0.0.1:${socket.address().port}`;
}

/** A reply with the transaction id of its request. */
function replyTo(action: number, request: Buffer, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, action]), request.subarray(12, 16), body]);
}

const PEERS = Buffer.from("0000070800000003000000057f0000011ae1cb0071050050", "hex");

test("an announce carries what was asked for and returns counts and peers", async (t) => {
  let seen: Buffer = Buffer.alloc(0);
  const url = await fakeTracker(t, (request) => {
    seen = request;
    return replyTo(1, request, PEERS);
  });
  const result = await announce(`${url}/announce?key=1`, {
    ...{ infoHash, port: 4242, left: 9, peersWanted: 3 },
    event: EVENT_STARTED,
  });
  assert.equal(result.intervalSeconds, 1800);
  assert.equal(result.leechers, 3);
  assert.equal(result.seeders, 5);
  assert.deepEqual(result.peers, [
    { address: "127.0.0.1", port: 6881 },
    { address: "203.0.113.5", port: 80 },
  ]);
  assert.equal(`udp://${result.responder}`, url);
  assert.equal(result.family, 4);
  assert.equal(seen.toString("hex", 0, 12), `${CONNECTION_ID}00000001`);
  assert.deepEqual(new Uint8Array(seen.subarray(16, 36)), infoHash);
  assert.equal(seen.readBigUInt64BE(64), 9n);
  assert.equal(seen.readUInt32BE(80), EVENT_STARTED);
  assert.equal(seen.readInt32BE(92), 3);
  assert.equal(seen.readUInt16BE(96), 4242);
  const path = readUrlData(seen, 0, seen.length);
  assert.equal(new TextDecoder().decode(path), "/announce?key=1");
});

test("a scrape returns the torrents in the order of the question", async (t) => {
  const url = await fakeTracker(t, (request) =>
    replyTo(2, request, Buffer.from("000000010000000200000003000000040000000500000006", "hex")),
  );
  const { torrents } = await scrape(url, [infoHash, new Uint8Array(20).fill(8)]);
  assert.deepEqual(torrents, [
    { infoHash: "07".repeat(20), seeders: 1, completed: 2, leechers: 3 },
    { infoHash: "08".repeat(20), seeders: 4, completed: 5, leechers: 6 },
  ]);
});

test("a lost request is sent again, for the connection id and for the announce", async (t) => {
  let requests = 0;
  const lossy: Answer = (request) => {
    requests++;
    if (requests % 2 === 1) return undefined;
    return request.length === 16
      ? replyTo(0, request, Buffer.from(CONNECTION_ID, "hex"))
      : replyTo(1, request, PEERS);
  };
  const url = await fakeTracker(t, lossy, false);
  const { seeders } = await announce(url, { infoHash }, { resendMilliseconds: 300 });
  assert.equal(seeders, 5);
  assert.equal(requests, 4);
});

test("an answer to another transaction is passed over", async (t) => {
  const url = await fakeTracker(t, (request, from, socket) => {
    const other = replyTo(1, request, PEERS);
    other.writeUInt32BE(~request.readUInt32BE(12) >>> 0, 4);
    socket.send(other, from.port, from.address);
    return replyTo(1, request, PEERS.subarray(0, 12));
  });
  assert.deepEqual((await announce(url, { infoHash })).peers, []);
});

test("the tracker's own message is what the error says", async (t) => {
  const url = await fakeTracker(t, (request) =>
    replyTo(3, request, Buffer.from("torrent refused")),
  );
  await assert.rejects(
    announce(url, { infoHash }),
    failsWith("refused", /^127\.0\.0\.1:\d+ refused: torrent refused$/),
  );
});

test("an answer that does not follow the protocol is told", async (t) => {
  const url = await fakeTracker(t, (request) => replyTo(1, request, PEERS.subarray(0, 15)));
  await assert.rejects(announce(url, { infoHash }), failsWith("malformed", /something else/));
});

test("a tracker that stays silent is told with what was waited for", async (t) => {
  const url = await fakeTracker(t, () => undefined, false);
  await assert.rejects(
    announce(url, { infoHash }, { timeoutMilliseconds: 30, resendMilliseconds: 5 }),
    failsWith("timeout", /a connection id did not come within 0\.03 s$/),
  );
});

test("what no protocol can carry is refused before anything is sent", async () => {
  const url = "udp://127.0.0.1:9";
  const short = new Uint8Array(19);
  await assert.rejects(announce(url, { infoHash: short }), failsWith("url", /20 bytes, not 19/));
  await assert.rejects(announce(url, { infoHash, port: 65_536 }), failsWith("url", /65536/));
  await assert.rejects(scrape(url, []), failsWith("url", /needs an info hash/));
  const many = Array.from({ length: 75 }, () => infoHash);
  await assert.rejects(scrape(url, many), failsWith("url", /74 info hashes, not 75/));
});
