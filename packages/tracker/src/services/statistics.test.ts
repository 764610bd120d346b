import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { ApiStats } from "@swarmtide/statistics";
import { announceTarget, idOf, UdpClient, until, WebTorrentClient } from "@swarmtide/test-kit";
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
    // A worker notes how long a round took once its replies have gone out.
    await until("the twelve datagrams are measured", () =>
      tracker
        .statistics()
        .all.latency.some((row) => row.worker === "udp-1" && row.minute.count >= 12),
    );
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

test("bandwidth of HTTP is what went over the wire, for each family", TIMEOUT, async (t) => {
  const { tracker, page } = await start(t, 'page_address = "127.0.0.1:0"');
  const wire: Record<string, { readonly received: number; readonly sent: number }> = {};
  for (const { protocol, address } of tracker.addresses) {
    if (protocol !== "http") continue;
    const family = address.startsWith("[") ? "ipv6" : "ipv4";
    // A longer name in IPv6's request, so that the two differ.
    const request = [announceTarget("A", 7001), "/nowhere", "/health"]
      .map((target) => `GET ${target} HTTP/1.1\r\nHost: ${family.repeat(family.length)}\r\n`)
      .map((head, index) => `${head}${index === 2 ? "Connection: close\r\n" : ""}\r\n`)
      .join("");
    wire[family] = { received: request.length, sent: await bytesFor(address, request) };
  }
  const bandwidthOf = ({ bandwidth }: Pick<ApiStats, "bandwidth">) =>
    Object.fromEntries(
      bandwidth.rows
        .filter(({ protocol }) => protocol === "http")
        .map(({ family, received, sent }) => [
          family,
          { received: received.total, sent: sent.total },
        ]),
    );
  assert.deepEqual(bandwidthOf(tracker.statistics().all), wire);
  assert.deepEqual(bandwidthOf(await statsOf(page)), wire);
  const metrics = (await (await fetch(`${page}metrics`)).text()).split("\n");
  for (const [family, { received, sent }] of Object.entries(wire)) {
    const labels = `{family="${family}"}`;
    assert.ok(metrics.includes(`swarmtide_tcp_received_bytes_total${labels} ${received}`));
    assert.ok(metrics.includes(`swarmtide_tcp_sent_bytes_total${labels} ${sent}`));
  }
});

/** Sends a request and counts the bytes that come back until the connection ends. */
async function bytesFor(address: string, request: string): Promise<number> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ""));
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  socket.write(request);
  await once(socket, "close");
  return bytes;
}

/** Two peers meet: announces, an offer, its answer, a scrape, and two messages that are refused. */
async function meet(address: string): Promise<readonly WebTorrentClient[]> {
  const [ann, bob] = await Promise.all(
    ["ann", "bob"].map((name) => WebTorrentClient.connect(`ws://${address}`, name)),
  );
  assert.ok(ann !== undefined && bob !== undefined);
  ann.announce("film");
  await ann.reply();
  bob.announce("film", { offers: 1 });
  await bob.reply();
  const offer = await ann.take(({ offer }) => offer !== undefined);
  ann.answer("film", offer);
  await bob.take(({ answer }) => answer !== undefined);
  ann.send({ action: "scrape", info_hash: idOf("film") });
  await ann.take(({ files }) => files !== undefined);
  for (const message of [{ action: "dance" }, { action: "announce", info_hash: "short" }]) {
    bob.send(message);
    await bob.take((reply) => reply["failure reason"] !== undefined);
  }
  return [ann, bob];
}

test(
  "counts of WebTorrent are what clients sent and got, for both families, errors included",
  TIMEOUT,
  async (t) => {
    const { tracker, page } = await start(t, 'page_address = "127.0.0.1:0"');
    const addresses = tracker.addresses.filter(({ protocol }) => protocol === "ws");
    for (const { address } of addresses) {
      const pair = await meet(address);
      // The next family has a swarm of its own to fill: everybody leaves.
      for (const { socket } of pair) socket.terminate();
      await until(
        "both have left",
        () => tracker.statistics().all.swarms.torrentsOfStores.ws === 0,
      );
    }
    const { all } = tracker.statistics();
    const { requests, responses, latency, workers, connections } = all;
    assert.deepEqual(totalsOf(requests.rows, "ws"), {
      ...{ "ipv4 announce": 3, "ipv4 scrape": 1, "ipv4 error": 2 },
      ...{ "ipv6 announce": 3, "ipv6 scrape": 1, "ipv6 error": 2 },
    });
    // Replies to two announces and a scrape.
    assert.deepEqual(totalsOf(responses.rows, "ws"), {
      ...{ "ipv4 reply": 3, "ipv4 offer": 1, "ipv4 answer": 1, "ipv4 error": 2 },
      ...{ "ipv6 reply": 3, "ipv6 offer": 1, "ipv6 answer": 1, "ipv6 error": 2 },
    });
    const bytes = all.bandwidth.rows.filter(({ protocol }) => protocol === "ws");
    assert.deepEqual(
      bytes.map(({ family }) => family),
      ["ipv4", "ipv6"],
    );
    // The same messages of the same length over both.
    assert.equal(bytes[0]?.received.total, bytes[1]?.received.total);
    assert.ok((bytes[0]?.received.total ?? 0) > 500);
    const measured = latency.find((row) => row.protocol === "ws" && row.worker === "web-1");
    // A busy machine adds what it counts for its stalls.
    assert.ok((measured?.minute.count ?? 0) >= 12);
    // Of the last ten seconds, in which nothing may have happened on a busy machine.
    const busy = workers.find(({ name }) => name === "web-1")?.busyShare ?? -1;
    assert.ok(busy >= 0 && busy < 1, `busy ${busy}`);
    assert.equal(connections.find(({ transport }) => transport === "ws")?.opened.total, 4);
    assert.deepEqual(
      totalsOf((await statsOf(page)).requests.rows, "ws"),
      totalsOf(requests.rows, "ws"),
    );
    const metrics = await (await fetch(`${page}metrics`)).text();
    assert.match(metrics, /\nswarmtide_ws_announces_total\{family="ipv6"\} 3\n/);
    assert.match(metrics, /swarmtide_latency_seconds_count\{protocol="ws",worker="web-1"\} [1-9]/);
    assert.match(metrics, /\nswarmtide_ws_busy_seconds_total 0\.\d+/);
  },
);

test("what WebTorrent's swarms and connections hold is told by worker", TIMEOUT, async (t) => {
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
  const { swarms, connections } = tracker.statistics().all;
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
