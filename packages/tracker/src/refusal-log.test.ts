import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { announce } from "@swarmtide/client";
import {
  announceTarget,
  HttpClient,
  httpGet,
  LOOPBACK_CONFIG,
  startProgram,
  UdpClient,
  until,
  WebTorrentClient,
} from "@swarmtide/test-kit";

const TIMEOUT = { timeout: 60_000 };
const SHORT = "Datagrams by the outcome of parsing them: drop short";
const BAD_ID = "Datagrams dropped without a reply: connection id";

/** One line of the log as JSON. */
interface Line {
  readonly time: string;
  readonly level: string;
  readonly part: string;
  readonly message: string;
  readonly family?: string;
  readonly address?: string;
  readonly counter?: string;
}

/** The tracker, and what it has logged about refusals. */
async function start(
  t: TestContext,
  head: string,
  web = "max_connections_per_address = 4\n",
  tail = "",
) {
  const limited = LOOPBACK_CONFIG.replace("[web]\n", `[web]\n${web}`);
  const config = `log_format = "json"\n${head}${limited}${tail}`;
  const program = startProgram(t, config);
  await program.output(/Point clients at/);
  const lines = () =>
    program.stderr
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  const addressesOf = (title: string) => {
    const line = lines().find(({ message }) => message.startsWith(title));
    return [...(line?.message ?? "").matchAll(/(?:http:\/\/)?((?:[\d.]+|\[[\d:]+\]):\d+)/g)].map(
      ([, address = ""]) => address,
    );
  };
  const refusals = () => lines().filter(({ message }) => message.startsWith("refused: "));
  const file = program.child.spawnargs.at(-1) ?? "";
  return {
    program,
    lines,
    refusals,
    udp: addressesOf("UDP tracker"),
    http: addressesOf("HTTP tracker"),
    /** Reloads another configuration; fulfilled when all of it is in use. */
    async rewrite(other: string) {
      const reloads = () =>
        lines().filter(({ message }) => message.startsWith("nothing to reload for access_list"));
      const before = reloads().length;
      writeFileSync(file, config.replace(head, other));
      program.child.kill("SIGHUP");
      await until("the reload is complete", () => reloads().length > before);
    },
    /** Waits for a refusal for this reason, and returns it. */
    async refusal(reason: string, family = "ipv4"): Promise<Partial<Line>> {
      const line = await until(`the log tells a refusal for "${reason}" over ${family}`, async () =>
        refusals().find((line) => line.message.includes(reason) && line.family === family),
      );
      return line ?? {};
    },
  };
}

/** A datagram that is too short, and a scrape with a connection id that nobody issued. */
async function sendRefused(t: TestContext, address: string): Promise<void> {
  const client = await UdpClient.open(address);
  t.after(() => client.close());
  client.send(Buffer.alloc(3));
  client.send(Buffer.concat([Buffer.alloc(8), Buffer.from([0, 0, 0, 2]), Buffer.alloc(24)]));
}

test(
  "at debug the log says why each request was refused, over every protocol and both families",
  TIMEOUT,
  async (t) => {
    const tracker = await start(t, 'log_level = "debug"\n');
    const [udp4 = "", udp6 = ""] = tracker.udp;
    const [http4 = "", http6 = ""] = tracker.http;
    await sendRefused(t, udp4);
    await sendRefused(t, udp6);
    await assert.rejects(announce(`http://${http6}/nothing`, { infoHash: new Uint8Array(20) }));

    const port = Number(http4.split(":")[1]);
    const hostile = await HttpClient.connect(port);
    hostile.send(httpGet(`${announceTarget("a", 0)}&x=%1b[31m`));
    hostile.send(httpGet("/announce?info_hash=\u001b[31mred"));
    await hostile.receive(1);
    const page = await WebTorrentClient.connect(`ws://${http4}`, "ann");
    page.send({ action: "announce", info_hash: "\u001b[31m" });
    await page.take((message) => message["failure reason"] !== undefined);
    page.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    await page.closeCode();

    const full: HttpClient[] = [];
    for (let i = 0; i < 6; i++) full.push(await HttpClient.connect(port).catch(() => hostile));

    for (const family of ["ipv4", "ipv6"])
      for (const reason of [SHORT, BAD_ID]) {
        const line = await tracker.refusal(reason, family);
        assert.equal(line.part, "udp-1");
        assert.equal(line.level, "debug");
        assert.equal(line.address, family === "ipv4" ? "127.0.0.1" : "::1");
      }
    const counterOf = async (reason: string, family?: string) =>
      (await tracker.refusal(reason, family)).counter;
    assert.equal(
      await counterOf("status other than 200: 404", "ipv6"),
      "swarmtide_http_responses_total",
    );
    assert.equal(
      await counterOf("port is not a number from 1 to 65535"),
      "swarmtide_http_errors_total",
    );
    assert.equal(
      await counterOf("info_hash must be 20 characters"),
      "swarmtide_ws_requests_refused_total",
    );
    assert.equal(await counterOf("not UTF-8"), "swarmtide_ws_connections_ended_total");
    assert.equal(await counterOf("limit: address"), "swarmtide_tcp_connections_refused_total");
    for (const client of full) client.destroy();
    assert.doesNotMatch(tracker.program.stderr, /\\u001b|31m/);
  },
);

test(
  "a flood makes a bounded number of lines, and says how many are not shown",
  TIMEOUT,
  async (t) => {
    const tracker = await start(t, 'log_level = "debug"\n');
    const client = await UdpClient.open(tracker.udp[0] ?? "");
    t.after(() => client.close());
    for (let i = 0; i < 400; i++) client.send(Buffer.alloc(3));
    await tracker.program.output(/refused: \d+ more within this second are not shown/);
    // Four hundred datagrams take well under the ten seconds that more lines would need.
    assert.ok(tracker.refusals().length < 80, `${tracker.refusals().length} lines`);
  },
);

test(
  "log_addresses and log_level take effect on a reload, and at info nothing is told of requests",
  TIMEOUT,
  async (t) => {
    const tracker = await start(t, 'log_level = "info"\n');
    const [udp4 = ""] = tracker.udp;
    await sendRefused(t, udp4);
    await tracker.rewrite('log_level = "debug"\nlog_addresses = "prefix"\n');
    await sendRefused(t, udp4);
    assert.equal((await tracker.refusal(SHORT)).address, "127.0.0.0/24");
    assert.deepEqual(
      tracker.refusals().filter(({ address }) => address !== "127.0.0.0/24"),
      [],
    );
    await tracker.rewrite('log_level = "debug"\nlog_addresses = "none"\n');
    const before = tracker.refusals().length;
    await sendRefused(t, udp4);
    await until("there are more refusals", async () => tracker.refusals().length > before);
    assert.equal(tracker.refusals().at(-1)?.address, undefined);
    assert.equal(tracker.refusals().at(-1)?.family, "ipv4");
  },
);

test(
  "behind a proxy the lines name the client, of WebTorrent too, and the proxy where it names nobody",
  TIMEOUT,
  async (t) => {
    const tracker = await start(
      t,
      'log_level = "debug"\n',
      'trusted_proxies = ["127.0.0.1"]\n',
      '[ws]\nallowed_origins = ["https://page.example"]\n',
    );
    const [http4 = ""] = tracker.http;
    /** A page that sends what is refused, behind the proxy. */
    const ask = async (headers: Readonly<Record<string, string>>) => {
      const options = { origin: "https://page.example", headers };
      const page = await WebTorrentClient.connect(`ws://${http4}`, "ann", options);
      page.send({ action: "announce", info_hash: "short" });
      await page.take((message) => message["failure reason"] !== undefined);
      page.socket.terminate();
    };
    const told = (reason: string, address: string) =>
      until(`the log tells a refusal of ${address} for "${reason}"`, async () =>
        tracker
          .refusals()
          .find((line) => line.message.includes(reason) && line.address === address),
      );
    await ask({ "X-Forwarded-For": "203.0.113.9, 198.51.100.7" });
    await told("info_hash must be 20 characters", "198.51.100.7");
    await ask({ "X-Forwarded-For": "2001:db8::7" });
    await told("info_hash must be 20 characters", "2001:db8::7");
    await ask({});
    await told("info_hash must be 20 characters", "127.0.0.1");
    const headers = { "X-Forwarded-For": "198.51.100.8" };
    const elsewhere = { origin: "https://elsewhere.example", headers };
    await assert.rejects(WebTorrentClient.connect(`ws://${http4}`, "bob", elsewhere));
    await told("Requests for a WebSocket that were refused", "198.51.100.8");
  },
);
