import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { announce, scrape } from "./client.ts";
import { failsWith } from "./testing/fails-with.ts";

const infoHash = new Uint8Array(20).fill(0x41);

async function fakeTracker(t: TestContext, listener: RequestListener) {
  const server = createServer(listener);
  t.after(() => server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

test("an announce asks for compact peers and reads both families of the answer", async (t) => {
  let seen: string | undefined;
  const url = await fakeTracker(t, (request, response) => {
    seen = request.url;
    response.end(
      Buffer.concat([
        Buffer.from(
          "d8:completei2e10:downloadedi9e10:incompletei1e8:intervali1800e12:min intervali60e5:peers6:",
        ),
        Buffer.from([127, 0, 0, 1, 0x1a, 0xe1]),
        Buffer.from("6:peers618:"),
        Buffer.from("20010db80000000000000000000000010050", "hex"),
        Buffer.from("15:warning message5:helloe"),
      ]),
    );
  });
  const result = await announce(`${url}/key/announce?a=b`, { infoHash, left: 0, port: 1 });
  assert.match(String(seen), /^\/key\/announce\?a=b&info_hash=A{20}&peer_id=-ST0100-.*&port=1&/);
  assert.match(String(seen), /&left=0&.*compact=1/);
  const { intervalSeconds, minIntervalSeconds, seeders, leechers, completed, warning } = result;
  assert.deepEqual([intervalSeconds, minIntervalSeconds], [1800, 60]);
  assert.deepEqual([seeders, leechers, completed, warning], [2, 1, 9, "hello"]);
  assert.deepEqual(result.peers, [
    { address: "127.0.0.1", port: 6881 },
    { address: "2001:db8::1", port: 80 },
  ]);
});

test("a scrape asks beside the announce path and leaves out what the tracker leaves out", async (t) => {
  let seen: string | undefined;
  const url = await fakeTracker(t, (request, response) => {
    seen = request.url;
    response.end(`d5:filesd20:${"A".repeat(20)}d8:completei3e10:downloadedi4e10:incompletei5eeee`);
  });
  const { torrents } = await scrape(`${url}/x/announce`, [infoHash, new Uint8Array(20)]);
  assert.match(String(seen), /^\/x\/scrape\?info_hash=A{20}&info_hash=(%00){20}$/);
  assert.deepEqual(torrents, [
    { infoHash: "41".repeat(20), seeders: 3, completed: 4, leechers: 5 },
  ]);
});

test("a failure reason is what the error says, whatever the status is", async (t) => {
  const url = await fakeTracker(t, (_request, response) => {
    response.statusCode = 403;
    response.end("d14:failure reason7:go awaye");
  });
  await assert.rejects(announce(url, { infoHash }), failsWith("refused", /refused: go away$/));
});

test("a status without a body of a tracker is told", async (t) => {
  const url = await fakeTracker(t, (_request, response) => {
    response.statusCode = 404;
    response.end("<html>");
  });
  await assert.rejects(announce(url, { infoHash }), failsWith("refused", /HTTP status 404$/));
});

test("a page that is not a tracker's answer is told", async (t) => {
  const url = await fakeTracker(t, (_request, response) => response.end("<html>"));
  await assert.rejects(announce(url, { infoHash }), failsWith("malformed", /no tracker's answer/));
});

test("redirects are followed, and not for ever", async (t) => {
  const url = await fakeTracker(t, (request, response) => {
    const isLoop = request.url?.startsWith("/loop");
    if (request.url?.startsWith("/there")) return response.end("d8:intervali900e5:peers0:e");
    response.writeHead(302, { Location: isLoop ? "/loop" : "/there?x=1" });
    return response.end();
  });
  assert.equal((await announce(`${url}/announce`, { infoHash })).intervalSeconds, 900);
  await assert.rejects(
    announce(`${url}/loop/announce`, { infoHash }),
    failsWith("malformed", /redirects more than 5 times/),
  );
});

test("an answer without an end is cut off", async (t) => {
  const url = await fakeTracker(t, (_request, response) => {
    const piece = Buffer.alloc(65_536, "x");
    // A turn of the event loop between two pieces: the client's end would not be heard otherwise.
    const more = (error?: Error | null) => {
      if (!error && !response.destroyed)
        response.write(piece, (failed) => setImmediate(more, failed));
    };
    more();
  });
  await assert.rejects(announce(url, { infoHash }), failsWith("malformed", /more than 1048576/));
});

test("a tracker that accepts and stays silent, or is not there, is told", async (t) => {
  const url = await fakeTracker(t, () => undefined);
  await assert.rejects(
    announce(url, { infoHash }, { timeoutMilliseconds: 30 }),
    failsWith("timeout", /an answer did not come within 0\.03 s$/),
  );
  // Port 9 (discard) serves nobody on a loopback address.
  await assert.rejects(
    announce("http://127.0.0.1:9/announce", { infoHash }),
    failsWith("unreachable", /^127\.0\.0\.1:9: .*ECONNREFUSED/),
  );
});
