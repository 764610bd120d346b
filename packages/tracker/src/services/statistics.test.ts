import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLogger } from "@swarmtide/runtime";
import type { ApiStats } from "@swarmtide/statistics";
import {
  announceTarget,
  LOOPBACK_CONFIG,
  temporaryFolder,
  UdpClient,
  until,
  WebTorrentClient,
} from "@swarmtide/test-kit";
import { readConfig } from "@swarmtide/toml-config";
import { trackerSchema } from "../config.ts";
import { startConfigured } from "../tracker.ts";

const TIMEOUT = { timeout: 60_000 };

/** A tracker with keys in [statistics]; what it logs is kept. */
async function start(t: TestContext, keys: string) {
  const lines: string[] = [];
  const log = createLogger({ logLevel: "info", logFormat: "text" }, "main", {
    write: (line) => lines.push(line),
    now: () => new Date(0),
  });
  const text = LOOPBACK_CONFIG.replace('page_address = ""', keys);
  const tracker = await startConfigured(readConfig(trackerSchema, text, "test"), { log });
  t.after(() => tracker.stop());
  const [, page = ""] = /statistics on (\S+)/.exec(lines.join("")) ?? [];
  return { tracker, page, lines };
}

const statsOf = async (page: string) =>
  (await (await fetch(`${page}api/stats`)).json()) as ApiStats;

/** Totals of one protocol by family and kind, those that are not 0. */
function totalsOf(rows: ApiStats["requests"]["rows"], protocol: string): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const row of rows)
    if (row.protocol === protocol && row.total !== 0)
      totals[`${row.family} ${row.kind}`] = row.total;
  return totals;
}

/** The reply to a datagram that is sent once. */
async function ask(client: UdpClient, datagram: Buffer): Promise<Buffer> {
  client.send(datagram);
  return await client.next();
}

function connectRequest(): Buffer {
  const request = Buffer.alloc(16);
  request.writeBigUInt64BE(0x41727101980n);
  return request;
}

function announceRequest(connectionId: Buffer, port: number, left: bigint): Buffer {
  const request = Buffer.alloc(98);
  connectionId.copy(request);
  request.writeUInt32BE(1, 8);
  request.fill(7, 16, 56);
  request.writeBigUInt64BE(left, 64);
  request.writeInt32BE(-1, 92);
  request.writeUInt16BE(port, 96);
  return request;
}

function scrapeRequest(connectionId: Buffer): Buffer {
  const request = Buffer.alloc(36, 7);
  connectionId.copy(request);
  request.writeUInt32BE(2, 8);
  return request;
}

test(
  "counts of UDP are what a client sent and got, for both families, errors and drops included",
  TIMEOUT,
  async (t) => {
    const { tracker, page } = await start(t, 'page_address = "127.0.0.1:0"');
    let sentBytes = 0;
    for (const { protocol, address } of tracker.addresses) {
      if (protocol !== "udp") continue;
      const client = await UdpClient.open(address);
      t.after(() => client.close());
      const connected = await ask(client, connectRequest());
      const id = connected.subarray(8, 16);
      client.send(announceRequest(Buffer.alloc(8), 7001, 5n));
      const replies = [
        connected,
        await ask(client, announceRequest(id, 7001, 5n)),
        await ask(client, announceRequest(id, 7001, 0n)),
        await ask(client, announceRequest(id, 0, 5n)),
        await ask(client, scrapeRequest(id)),
      ];
      for (const reply of replies) sentBytes += reply.length;
    }
    const { all } = tracker.statistics();
    const { requests, responses, swarms, bandwidth, problems } = all;
    assert.deepEqual(totalsOf(requests.rows, "udp"), {
      ...{ "ipv4 connect": 1, "ipv4 announce": 3, "ipv4 scrape": 1, "ipv4 error": 1 },
      ...{ "ipv6 connect": 1, "ipv6 announce": 3, "ipv6 scrape": 1, "ipv6 error": 1 },
    });
    assert.deepEqual(totalsOf(responses.rows, "udp"), {
      ...{ "ipv4 connect": 1, "ipv4 announce": 2, "ipv4 scrape": 1, "ipv4 error": 1 },
      ...{ "ipv6 connect": 1, "ipv6 announce": 2, "ipv6 scrape": 1, "ipv6 error": 1 },
    });
    assert.deepEqual([swarms.torrents, swarms.peers, swarms.seeders], [1, 2, 2]);
    assert.equal(bandwidth.received.total, 2 * (16 + 4 * 98 + 36));
    assert.equal(bandwidth.sent.total, sentBytes);
    const told = problems.map(({ text, total }) => `${text} ${total}`);
    for (const line of [
      "Datagrams by the outcome of parsing them: error port zero 2",
      "Datagrams dropped without a reply: connection id 2",
    ])
      assert.ok(told.includes(line), `${line} in ${told}`);
    assert.ok(all.latency.some((row) => row.worker === "udp-1" && row.tenSeconds.count >= 12));
    // The same numbers in every form.
    const stats = await statsOf(page);
    assert.deepEqual(totalsOf(stats.requests.rows, "udp"), totalsOf(requests.rows, "udp"));
    const metrics = (await (await fetch(`${page}metrics`)).text()).split("\n");
    assert.ok(metrics.includes('swarmtide_udp_connects_total{family="ipv6"} 1'));
    assert.ok(
      metrics.includes('swarmtide_swarm_peers{store="shared",family="ipv4",role="seeder"} 1'),
    );
  },
);

test(
  "counts of HTTP are what a client sent and got, for both families, errors included",
  TIMEOUT,
  async (t) => {
    const { tracker } = await start(t, 'page_address = "127.0.0.1:0"');
    for (const { protocol, address } of tracker.addresses) {
      if (protocol !== "http") continue;
      const statusOf = async (target: string) => {
        const response = await fetch(`http://${address}${target}`);
        await response.text();
        return response.status;
      };
      const hash = "A".repeat(20);
      assert.equal(await statusOf(announceTarget("A", 7001)), 200);
      assert.equal(await statusOf(announceTarget("A", 7002, "&left=0")), 200);
      assert.equal(await statusOf(`/announce?info_hash=${hash}`), 200);
      assert.equal(await statusOf(`/scrape?info_hash=${hash}`), 200);
      assert.equal(await statusOf("/nowhere/at/all"), 404);
      assert.equal(await statusOf("/health"), 200);
    }
    const { requests, responses, connections } = tracker.statistics().all;
    assert.deepEqual(totalsOf(requests.rows, "http"), {
      ...{ "ipv4 announce": 2, "ipv4 scrape": 1, "ipv4 error": 2, "ipv4 other": 1 },
      ...{ "ipv6 announce": 2, "ipv6 scrape": 1, "ipv6 error": 2, "ipv6 other": 1 },
    });
    assert.deepEqual(totalsOf(responses.rows, "http"), totalsOf(requests.rows, "http"));
    const [tcp] = connections;
    assert.equal(tcp?.transport, "tcp");
    assert.ok((tcp?.opened.total ?? 0) >= 2);
  },
);

test("counts of WebTorrent are what clients sent and got, errors included", TIMEOUT, async (t) => {
  const { tracker } = await start(t, 'page_address = "127.0.0.1:0"');
  const { address = "" } = tracker.addresses.find(({ protocol }) => protocol === "ws") ?? {};
  const clients = [
    await WebTorrentClient.connect(`ws://${address}`, "ann"),
    await WebTorrentClient.connect(`ws://${address}`, "bob"),
  ];
  for (const client of clients) {
    client.announce("film");
    await client.reply();
  }
  const { requests, responses, swarms, connections } = tracker.statistics().all;
  assert.deepEqual(totalsOf(requests.rows, "ws"), { "all announce": 2 });
  assert.equal(totalsOf(responses.rows, "ws")["all reply"], 2);
  assert.deepEqual(swarms.rows.find(({ store }) => store === "ws")?.peers, 2);
  assert.equal(swarms.torrentsOfStores.ws, 1);
  assert.equal(connections.find(({ transport }) => transport === "ws")?.open, 2);
  for (const { socket } of clients) socket.terminate();
});

test("completed downloads are counted in all", TIMEOUT, async (t) => {
  const { tracker } = await start(t, 'page_address = ""');
  const { address = "" } = tracker.addresses.find(({ protocol }) => protocol === "http") ?? {};
  for (const more of ["&left=5", "&left=0&event=completed", "&left=0&event=stopped"])
    await fetch(`http://${address}${announceTarget("B", 7001, more)}`);
  assert.equal(tracker.statistics().all.swarms.completed.total, 1);
});

test(
  "a configured page address that is taken is an error that names the key",
  TIMEOUT,
  async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => other.close());
    const { port } = other.address() as AddressInfo;
    await assert.rejects(start(t, `page_address = "127.0.0.1:${port}"`), {
      code: "SWARMTIDE_PORT_IN_USE",
      message: new RegExp(`^statistics.page_address = "127.0.0.1:${port}": .*EADDRINUSE`),
    });
  },
);

test(
  "the default page address that is taken costs the page and a warning, and nothing else",
  TIMEOUT,
  async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      // Where another tracker has the port already, that one is in the way.
      other.once("error", () => resolve());
      other.listen(9000, "127.0.0.1", resolve);
    });
    t.after(() => other.close());
    const { page, lines, tracker } = await start(t, "");
    assert.equal(page, "");
    assert.match(
      lines.join(""),
      /WARN {2}main: no statistics page: statistics.page_address = "127.0.0.1:9000" \(the default\): .*EADDRINUSE/,
    );
    assert.ok(tracker.statistics().all.process.isReady);
  },
);

test("a page that others can reach without a token is warned of", TIMEOUT, async (t) => {
  const open = await start(t, 'page_address = "0.0.0.0:0"');
  assert.match(
    open.lines.join(""),
    /WARN {2}main: statistics.page_address = "0.0.0.0:0": everybody who reaches it can read the page; set statistics.page_token/,
  );
  const closed = await start(t, 'page_address = "0.0.0.0:0"\npage_token = "s3cret"');
  assert.doesNotMatch(closed.lines.join(""), /page_token/);
  assert.equal((await fetch(`${closed.page}api/stats`)).status, 401);
  const headers = { authorization: "Bearer s3cret" };
  assert.equal((await fetch(`${closed.page}api/stats`, { headers })).status, 200);
});

test(
  "over TLS the page shows its certificate's expiry, and takes a new one on reload",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const file = (name: string) => new URL(`../../../tcp/testdata/${name}`, import.meta.url);
    const [certificate, key] = [join(folder, "a.crt"), join(folder, "a.key")];
    copyFileSync(file("ec.crt"), certificate);
    copyFileSync(file("ec-pkcs8.key"), key);
    const { page, tracker } = await start(
      t,
      `page_address = "127.0.0.1:0"\npage_tls_certificate_path = "${certificate}"\npage_tls_private_key_path = "${key}"`,
    );
    assert.match(page, /^https:/);
    const shown = tracker.statistics().all.certificates;
    assert.equal(shown.length, 1);
    assert.equal(shown[0]?.section, "statistics");
    assert.equal(tracker.statistics().all.lastReload, null);
    await tracker.reload();
    assert.equal(tracker.statistics().all.lastReload?.isSuccess, true);
    writeFileSync(key, "");
    await tracker.reload();
    const { isSuccess, text } = tracker.statistics().all.lastReload ?? {};
    assert.equal(isSuccess, false);
    assert.match(
      text ?? "",
      /a\.key \(statistics\.page_tls_private_key_path\) is not PEM.*the old certificate stays/,
    );
  },
);

test(
  "after a cleaning torrents are counted by their peers and written to the export files",
  TIMEOUT,
  async (t) => {
    const folder = temporaryFolder(t);
    const [all, byFamily] = [join(folder, "all"), join(folder, "by-family")];
    const config = readConfig(
      trackerSchema,
      `${LOOPBACK_CONFIG.replace('page_address = ""', `page_address = ""\nexport_path = "${all}"\nexport_by_family_path = "${byFamily}"`)}[swarm]\ntorrent_cleaning_interval = 1\n`,
      "test",
    );
    const tracker = await startConfigured({ ...config, logLevel: "off" });
    t.after(() => tracker.stop());
    const http = tracker.addresses.filter(({ protocol }) => protocol === "http");
    for (const { address } of http)
      await fetch(`http://${address}${announceTarget("C", 7001, "&left=0")}`);
    await fetch(`http://${http[0]?.address}${announceTarget("C", 7002, "&left=5")}`);
    const hash = Buffer.from("C".repeat(20)).toString("hex");
    await until("both files", () => {
      assert.equal(readFileSync(all, "latin1"), `${hash}:2:1:0\n`);
      assert.equal(readFileSync(byFamily, "latin1"), `4 ${hash} 1 1\n6 ${hash} 1 0\n`);
      return true;
    });
    const peersPerTorrent = await until("a count", () => {
      const counted = tracker.statistics().all.peersPerTorrent;
      return counted?.torrents === 1 ? counted : null;
    });
    assert.equal(peersPerTorrent?.largestPeers, 3);
    assert.deepEqual(peersPerTorrent?.buckets.at(-1), { from: 3, to: 4, torrents: 1 });
  },
);

test(
  "client software is named from a sample of announces, and not where that is switched off",
  TIMEOUT,
  async (t) => {
    for (const clients of [true, false]) {
      const { tracker } = await start(t, `page_address = ""\nclients = ${clients}`);
      const { address = "" } = tracker.addresses.find(({ protocol }) => protocol === "http") ?? {};
      const target = announceTarget("D", 7001).replace("-ST0001-", "-TR4050-");
      for (let i = 0; i < 2 * 64; i++) await (await fetch(`http://${address}${target}`)).text();
      const told = tracker.statistics().all.clients;
      if (clients) {
        assert.equal(told?.sampledAnnounces, 2);
        assert.deepEqual(told?.clients[0]?.name, "Transmission");
        assert.deepEqual(told?.prefixes, [{ prefix: "-TR4050-", share: 1 }]);
      } else assert.equal(told, null);
    }
  },
);

test("the HTML file is written at the interval", TIMEOUT, async (t) => {
  const path = join(temporaryFolder(t), "index.html");
  await start(t, `page_address = ""\nhtml_path = "${path}"\ninterval = 1`);
  await until("the file", () => {
    assert.match(
      readFileSync(path, "utf8"),
      /^<!doctype html>[\s\S]*<caption>Requests<\/caption>[\s\S]*<\/html>\n$/,
    );
    return true;
  });
});

test("an HTML file that cannot be written is logged once", TIMEOUT, async (t) => {
  const path = join(temporaryFolder(t), "nowhere", "index.html");
  const { lines, tracker } = await start(
    t,
    `page_address = ""\nhtml_path = "${path}"\ninterval = 1`,
  );
  const failures = () =>
    lines.filter((line) => line.includes("statistics.html_path cannot be written"));
  await until("the error", () => failures().length > 0);
  const { uptimeSeconds } = tracker.statistics().all.process;
  await until(
    "two more intervals",
    () => tracker.statistics().all.process.uptimeSeconds >= uptimeSeconds + 2,
  );
  assert.equal(failures().length, 1);
});
