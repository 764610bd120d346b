import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { add } from "@swarmtide/metrics";
import { StatisticsCollector } from "../collect/collector.ts";
import { formatHtml } from "../report/html-file.ts";
import { formatStatisticsBlock, formatStatisticsJson } from "../report/text-block.ts";
import { FAKE_BYTES, FAKE_REPLIES, FakeTracker } from "../testing/fake-source.ts";
import { Answers } from "./answers.ts";
import { PrometheusText } from "./prometheus.ts";
import { StatisticsServer } from "./statistics-server.ts";

const tracker = new FakeTracker();
const collector = new StatisticsCollector(tracker.source, tracker.collectorClock);
const prometheus = new PrometheusText();
const page = { contentType: "text/html; charset=utf-8", bytes: Buffer.from("<!doctype html>") };
const answers = new Answers(collector, prometheus, new Map([["/", page]]));
const address = { host: "127.0.0.1", port: 0 };
let server: StatisticsServer;
let guarded: StatisticsServer;

before(async () => {
  server = await StatisticsServer.open({ address, answers, token: "", tls: undefined });
  guarded = await StatisticsServer.open({ address, answers, token: "s3cret", tls: undefined });
});

after(async () => {
  await Promise.all([server.close(), guarded.close()]);
  prometheus.close();
});

/** Sends bytes as they are; resolves with all that comes back until the connection ends. */
function sendRaw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(received));
    socket.write(bytes);
  });
}

test("the page, metrics, JSON, health and readiness are where the documentation says", async () => {
  for (const [path, type] of [
    ["", "text/html; charset=utf-8"],
    ["metrics", "text/plain; version=0.0.4; charset=utf-8"],
    ["api/stats", "application/json; charset=utf-8"],
    ["health", "text/plain; charset=utf-8"],
    ["ready", "text/plain; charset=utf-8"],
  ]) {
    const response = await fetch(server.url + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-type"), type);
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    assert.ok((await response.text()).length > 0);
  }
});

test("JSON comes with its charts, or without where the query says so", async () => {
  const full = (await (await fetch(`${server.url}api/stats`)).json()) as Record<string, unknown>;
  const bare = (await (await fetch(`${server.url}api/stats?history=none`)).json()) as typeof full;
  assert.equal(full.apiVersion, 1);
  assert.notEqual(full.history, null);
  assert.equal(bare.history, null);
  assert.deepEqual({ ...full, history: null }, bare);
});

test("metrics are the counters under their own names, with help, type, unit and labels", async () => {
  add(tracker.table.row(0, 4), FAKE_REPLIES, 3);
  add(tracker.table.row(0, 6), FAKE_BYTES, 98);
  tracker.latency.row(0).record(3000);
  tracker.clock.advanceSeconds(1);
  collector.collect();
  const lines = (await (await fetch(`${server.url}metrics`)).text()).split("\n");
  for (const line of [
    "# HELP swarmtide_fake_replies_total Replies, by kind.",
    "# TYPE swarmtide_fake_replies_total counter",
    'swarmtide_fake_replies_total{kind="announce",family="ipv4"} 3',
    'swarmtide_fake_replies_total{kind="announce",family="ipv6"} 0',
    'swarmtide_fake_sent_bytes_total{family="ipv6"} 98',
    `swarmtide_build_info{version="1.2.3",node_version="${process.version}"} 1`,
    "swarmtide_ready 1",
    "# TYPE swarmtide_latency_seconds histogram",
    'swarmtide_latency_seconds_bucket{protocol="udp",worker="udp-1",le="0.0025"} 0',
    'swarmtide_latency_seconds_bucket{protocol="udp",worker="udp-1",le="0.005"} 1',
    'swarmtide_latency_seconds_bucket{protocol="udp",worker="udp-1",le="+Inf"} 1',
    'swarmtide_latency_seconds_count{protocol="udp",worker="udp-1"} 1',
  ])
    assert.ok(lines.includes(line), line);
  assert.ok(lines.some((line) => line.startsWith("process_resident_memory_bytes ")));
  const types = lines.filter((line) => line.startsWith("# TYPE "));
  assert.equal(new Set(types).size, types.length);
});

test("readiness follows the tracker, health the process", async () => {
  tracker.isReady = false;
  collector.collect();
  const [ready, health] = await Promise.all([
    fetch(`${server.url}ready`),
    fetch(`${server.url}health`),
  ]);
  assert.deepEqual([ready.status, health.status], [503, 200]);
  tracker.isReady = true;
  collector.collect();
  assert.equal((await fetch(`${server.url}ready`)).status, 200);
});

test("wrong paths, methods, bodies and oversized requests get proper answers", async () => {
  const statusOf = async (path: string, init: RequestInit = {}) =>
    (await fetch(server.url + path, init)).status;
  assert.equal(await statusOf("nothing"), 404);
  assert.equal(await statusOf("../../etc/passwd"), 404);
  assert.equal(await statusOf("%2e%2e/package.json"), 404);
  assert.equal(await statusOf("metrics", { method: "POST", body: "x" }), 405);
  assert.equal(await statusOf("metrics", { method: "DELETE" }), 405);
  assert.equal(await statusOf(`api/stats?${"x".repeat(3000)}`), 414);
  const head = await fetch(`${server.url}metrics`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
  assert.match(
    await sendRaw("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
    /^HTTP\/1\.1 413 /,
  );
  assert.match(await sendRaw("\x16\x03\x01\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.match(
    await sendRaw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(70_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(
    await sendRaw("GET http://x/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    /^HTTP\/1\.1 400 /,
  );
});

test("with a token everything but health and readiness asks for it", async () => {
  const statusOf = async (path: string, authorization?: string) =>
    (await fetch(guarded.url + path, { headers: authorization ? { authorization } : {} })).status;
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  for (const path of ["", "metrics", "api/stats", "nothing"]) {
    assert.equal(await statusOf(path), 401, path);
    assert.equal(await statusOf(path, "Bearer wrong"), 401);
    assert.equal(await statusOf(path, basic("operator:wrong")), 401);
  }
  assert.equal(await statusOf("metrics", "Bearer s3cret"), 200);
  assert.equal(await statusOf("", basic("operator:s3cret")), 200);
  assert.equal(await statusOf("health"), 200);
  assert.equal(await statusOf("ready"), 200);
  const refused = await fetch(guarded.url);
  assert.match(refused.headers.get("www-authenticate") ?? "", /^Basic realm="swarmtide", Bearer$/);
});

test("every form tells the numbers of one snapshot, whatever has happened since", async () => {
  const row = tracker.table.row(0, 4);
  const before = tracker.table.sum(FAKE_REPLIES);
  const happens = () => {
    add(row, FAKE_REPLIES, 1000);
    tracker.say({
      requests: [
        {
          protocol: "udp",
          family: "ipv4",
          kind: "announce",
          total: tracker.table.sum(FAKE_REPLIES),
        },
      ],
    });
  };
  happens();
  tracker.clock.advanceSeconds(1);
  const { stats } = collector.collect();
  const total = before + 1000;
  happens();
  const api = (await (await fetch(`${server.url}api/stats`)).json()) as typeof stats;
  happens();
  const metrics = await (await fetch(`${server.url}metrics`)).text();
  happens();
  const { latest } = collector;
  assert.equal(api.requests.all.total, total);
  assert.equal(api.timeMilliseconds, stats.timeMilliseconds);
  assert.ok(
    metrics.includes(`swarmtide_fake_replies_total{kind="announce",family="ipv4"} ${total}\n`),
  );
  assert.match(
    formatStatisticsJson(latest.stats),
    new RegExp(`"kind":"announce","total":${total}`),
  );
  const shown = total.toLocaleString("en-US");
  assert.match(formatStatisticsBlock(latest.stats), new RegExp(`udp ipv4 announce .* ${shown}\\n`));
  assert.ok(formatHtml(latest.stats, 5).includes(`<td>${shown}</td>`));
});

test("another token takes the former one's place", async () => {
  const statusOf = async (token: string) =>
    (await fetch(`${guarded.url}metrics`, { headers: { authorization: `Bearer ${token}` } }))
      .status;
  guarded.replaceToken("newer");
  assert.deepEqual([await statusOf("s3cret"), await statusOf("newer")], [401, 200]);
  guarded.replaceToken("");
  assert.equal((await fetch(`${guarded.url}metrics`)).status, 200);
  guarded.replaceToken("s3cret");
  assert.deepEqual([await statusOf("s3cret"), await statusOf("newer")], [200, 401]);
});

test("a hundred pollers at once all get the same second", async () => {
  const bodies = await Promise.all(
    Array.from({ length: 100 }, async () =>
      (await fetch(`${server.url}api/stats?history=none`)).text(),
    ),
  );
  assert.equal(new Set(bodies).size, 1);
  assert.match(bodies[0] ?? "", /"apiVersion":1/);
});
