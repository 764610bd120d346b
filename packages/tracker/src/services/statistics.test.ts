import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiStats } from "@swarmtide/statistics";
import { announceTarget, UdpClient, WebTorrentClient } from "@swarmtide/test-kit";
import { start, statsOf } from "./testing/statistics-tracker.ts";

const TIMEOUT = { timeout: 60_000 };

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
  assert.deepEqual(tracker.statistics().ws?.connectionsOfWorkers, [2]);
  for (const { socket } of clients) socket.terminate();
});

test("completed downloads are counted in all", TIMEOUT, async (t) => {
  const { tracker } = await start(t, 'page_address = ""');
  const { address = "" } = tracker.addresses.find(({ protocol }) => protocol === "http") ?? {};
  for (const more of ["&left=5", "&left=0&event=completed", "&left=0&event=stopped"])
    await fetch(`http://${address}${announceTarget("B", 7001, more)}`);
  assert.equal(tracker.statistics().all.swarms.completed.total, 1);
});
