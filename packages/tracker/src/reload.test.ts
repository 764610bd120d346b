import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { announceQueryString, readAnnounceReply } from "@swarmtide/http-protocol";
import { linuxSupported } from "@swarmtide/linux";
import { createLogger } from "@swarmtide/runtime";
import { temporaryFolder, UdpClient, until, WebTorrentClient } from "@swarmtide/test-kit";
import type { TrackerOptions } from "./config.ts";
import { startTracker } from "./start-tracker.ts";
import type { RunningTracker } from "./tracker.ts";

const TIMEOUT = { timeout: 60_000 };
const FILM = Buffer.alloc(20, 7);
/** More than the longest reply before the reload: 45 IPv6 peers are 810 bytes. */
const PEERS = 46;

/** A quiet tracker on free ports of loopback. */
const quiet = (options: TrackerOptions): TrackerOptions => ({
  logLevel: "off",
  ...options,
  udp: { addressIpv4: "127.0.0.1:0", addressIpv6: "[::1]:0", ...options.udp },
  web: { addressIpv4: "127.0.0.1:0", useIpv6: false, ...options.web },
  statistics: { pageAddress: undefined },
});

const addressOf = (tracker: RunningTracker, name: string, place = 0): string =>
  tracker.protocols.find((protocol) => protocol.name === name)?.addresses[place]?.address ?? "";

async function start(t: TestContext, options: TrackerOptions): Promise<RunningTracker> {
  const tracker = await startTracker(quiet(options));
  t.after(() => tracker.stop());
  return tracker;
}

/** The reply to an announce over HTTP, with the headers of a proxy. */
async function announceHttp(address: string, port: number, headers: Record<string, string> = {}) {
  const query = announceQueryString({
    infoHash: FILM,
    peerId: Buffer.alloc(20, port % 256),
    port,
    left: 1,
  });
  const body = await new Promise<Buffer>((resolve, reject) => {
    get(`http://${address}/announce?${query}`, { headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks)));
    }).on("error", reject);
  });
  return readAnnounceReply(body);
}

for (const engine of ["mmsg", "uring", "dgram"] as const)
  test(`a reload gives UDP clients other intervals and more peers, engine ${engine}`, {
    ...TIMEOUT,
    skip: engine !== "dgram" && !linuxSupported() && "needs Linux",
  }, async (t) => {
    const udp = { engine, maxResponsePeers: 2, maxScrapeTorrents: 1, peerAnnounceInterval: 600 };
    const tracker = await start(t, { udp });
    const client = await UdpClient.open(addressOf(tracker, "udp", 1));
    t.after(() => client.close());
    for (let port = 1; port <= PEERS; port++) await client.announce(FILM, port, 1n);
    assert.equal((await client.announce(FILM, PEERS, 1n)).peers.length, 2);
    await tracker.reload(
      quiet({ udp: { ...udp, maxResponsePeers: 200, peerAnnounceInterval: 60 } }),
    );
    const reply = await until("the worker has the new limits", async () => {
      const after = await client.announce(FILM, PEERS, 1n);
      assert.ok(after.interval < 100);
      return after;
    });
    assert.equal(reply.peers.length, PEERS - 1);
  });

for (const engine of ["epoll", "net"] as const)
  test(`a reload gives HTTP clients other limits, intervals and proxies, engine ${engine}`, {
    ...TIMEOUT,
    skip: engine === "epoll" && !linuxSupported() && "needs Linux",
  }, async (t) => {
    const web = { engine, maxConnectionIdle: 100 };
    const tracker = await start(t, { web, http: { maxResponsePeers: 1 } });
    const address = addressOf(tracker, "http");
    for (const port of [1, 2, 3]) await announceHttp(address, port);
    const before = await announceHttp(address, 3, { "X-Real-IP": "192.0.2.9" });
    assert.ok(before.failureReason === undefined && before.peers.length === 1);
    await tracker.reload(
      quiet({
        web: { ...web, trustedProxies: ["127.0.0.1"], reverseProxyIpHeaderName: "X-Real-IP" },
        http: { maxResponsePeers: 1000, peerAnnounceInterval: 3000 },
        swarm: { maxPeerAge: 4000 },
      }),
    );
    const after = await until("a connection that began after the reload is answered", async () => {
      const reply = await announceHttp(address, 4, { "X-Real-IP": "192.0.2.9" });
      assert.ok(reply.failureReason === undefined && reply.intervalSeconds > 2000);
      assert.equal(reply.externalIp, "192.0.2.9");
      return reply;
    });
    assert.ok(after.peers.length >= 3);
    assert.match(String((await announceHttp(address, 5)).failureReason), /X-Real-IP/);
  });

test(
  "a reload gives WebTorrent clients other intervals and origins, through both engines",
  TIMEOUT,
  async (t) => {
    const tracker = await start(t, { ws: { peerAnnounceInterval: 100 } });
    const url = `ws://${addressOf(tracker, "ws")}`;
    const before = await WebTorrentClient.connect(url, "before");
    t.after(() => before.socket.close());
    before.announce("song");
    assert.ok(Number((await before.reply()).interval) <= 110);
    await tracker.reload(
      quiet({
        ws: { peerAnnounceInterval: 1000, maxPeerAge: 2000, allowedOrigins: ["https://a.example"] },
      }),
    );
    await until("the worker has the new interval", async () => {
      before.announce("song");
      return Number((await before.reply()).interval) >= 900;
    });
    await assert.rejects(
      WebTorrentClient.connect(url, "b", { origin: "https://b.example" }),
      /403/,
    );
    const allowed = await WebTorrentClient.connect(url, "a", { origin: "https://a.example" });
    allowed.socket.close();
  },
);

test("of many reloads that a host asks for one runs and at most one waits", TIMEOUT, async (t) => {
  const path = join(temporaryFolder(t), "list.txt");
  writeFileSync(path, "");
  const { log, lines } = keptLog();
  const options = quiet({ accessList: { mode: "deny", path } });
  const tracker = await startTracker(options, { log });
  t.after(() => tracker.stop());
  await Promise.all(Array.from({ length: 50 }, () => tracker.reload()));
  const reloads = lines.filter((line) => line.includes("access list reloaded"));
  assert.ok(reloads.length === 1 || reloads.length === 2, `${reloads.length}`);
});

test("options that are not in order are logged and change nothing", TIMEOUT, async (t) => {
  const { log, lines } = keptLog();
  const tracker = await startTracker(quiet({ udp: { peerAnnounceInterval: 600 } }), { log });
  t.after(() => tracker.stop());
  await tracker.reload(quiet({ udp: { peerAnnounceInterval: 60, maxResponsePeers: 9000 } }));
  assert.match(lines.join(""), /ERROR main: options: udp\.maxResponsePeers = 9000: expected /);
  const client = await UdpClient.open(addressOf(tracker, "udp"));
  t.after(() => client.close());
  assert.ok((await client.announce(FILM, 1, 1n)).interval >= 540);
});

/** A log whose lines are kept. */
function keptLog() {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line), now: () => new Date(0) };
  return { lines, log: createLogger({ logLevel: "info", logFormat: "text" }, "main", output) };
}
