import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { makeCertificate, temporaryFolder } from "@swarmtide/test-kit";
import { defaultConfig } from "@swarmtide/toml-config";
import { readHead } from "./answer-head.ts";
import { type HttpLoadConfig, httpLoadSchema } from "./config.ts";
import { HttpLoad } from "./http-load.ts";

type Deed =
  | "answer"
  | "lose"
  | "hang up"
  | "cut"
  | "refuse"
  | "status"
  | "line end"
  | "foreign peer"
  | "peer of another torrent"
  | "twice"
  | "to the end";

const bencoded = (peer: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from("d8:completei1e10:incompletei1e8:intervali1800e5:peers6:"),
    peer,
    Buffer.from("e"),
  ]);

/** A peer of the announced torrent: the one that announces. */
function peerFor(deed: Deed, target: string): Buffer {
  const announced = Number(/[?&]port=(\d+)/.exec(target)?.[1]);
  const port = deed === "peer of another torrent" ? announced ^ 1 : announced;
  const address = deed === "foreign peer" ? [9, 9, 9, 9] : [127, 0, 0, 1];
  return Buffer.from([...address, port >> 8, port & 0xff]);
}

function answerTo(deed: Deed, target: string): Buffer {
  const isScrape = target.startsWith("/scrape");
  let body = isScrape ? Buffer.from("d5:filesdee") : bencoded(peerFor(deed, target));
  if (deed === "refuse") body = Buffer.from("d14:failure reason2:noe");
  if (deed === "line end") body = Buffer.concat([body, Buffer.from("\r\n")]);
  if (deed === "cut") body = body.subarray(0, body.length - 1);
  const status = deed === "status" ? "503 Service Unavailable" : "200 OK";
  const length = deed === "to the end" ? "" : `Content-Length: ${body.length}\r\n`;
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${length}\r\n`), body]);
}

/** An HTTP tracker that misbehaves as it is told, and counts what it did; answers come in two pieces. */
class FakeHttpTracker {
  readonly deeds = new Map<Deed, number>();
  requests = { announce: 0, scrape: 0 };
  connections = 0;
  /** Handshakes that resumed a session. */
  resumed = 0;
  readonly sources = new Set<string>();
  readonly #deedOf: (index: number) => Deed;
  #taken = 0;

  constructor(deedOf: (index: number) => Deed) {
    this.#deedOf = deedOf;
  }

  count(...deeds: readonly Deed[]): number {
    return deeds.reduce((sum, deed) => sum + (this.deeds.get(deed) ?? 0), 0);
  }

  async serve(context: TestContext): Promise<number> {
    return await this.#listen(
      context,
      createServer((socket) => this.#accept(socket)),
    );
  }

  /** Over TLS, and with sessions that clients can resume. */
  async serveTls(context: TestContext): Promise<number> {
    const { certificate, privateKey } = makeCertificate(temporaryFolder(context), "tracker");
    const options = { cert: readFileSync(certificate), key: readFileSync(privateKey) };
    const server = createTlsServer(options, (socket) => {
      if (socket.isSessionReused()) this.resumed++;
      this.#accept(socket);
    });
    return await this.#listen(context, server);
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.sources.add(socket.remoteAddress ?? "");
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#take(socket, chunk.toString("latin1")));
  }

  async #listen(context: TestContext, server: ReturnType<typeof createServer>): Promise<number> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => server.close());
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    return address.port;
  }

  /** Clients send one request at a time, in one piece. */
  #take(socket: Socket, text: string): void {
    const target = /^GET (\S+) HTTP\/1\.1\r\n/.exec(text)?.[1] ?? "";
    this.requests[target.startsWith("/scrape") ? "scrape" : "announce"]++;
    const deed = this.#deedOf(this.#taken++);
    this.deeds.set(deed, this.count(deed) + 1);
    if (deed === "lose") return;
    if (deed === "hang up") {
      socket.destroy();
      return;
    }
    const answer = answerTo(deed, target);
    socket.write(answer.subarray(0, 30));
    const rest = answer.subarray(30);
    setImmediate(() => {
      if (deed === "to the end") socket.end(rest);
      else socket.write(deed === "twice" ? Buffer.concat([rest, answer]) : rest);
    });
  }
}

const defaults = defaultConfig(httpLoadSchema);
const configFor = (
  port: number,
  changes: Partial<HttpLoadConfig>,
  torrents: Partial<HttpLoadConfig["torrents"]> = {},
): HttpLoadConfig => ({
  ...defaults,
  serverAddress: { host: "127.0.0.1", port },
  numConnections: 5,
  ...changes,
  torrents: { ...defaults.torrents, numberOfTorrents: 100, ...torrents },
});

const DEEDS: readonly Deed[] = [
  ...(["answer", "hang up", "line end", "cut", "refuse", "status"] as const),
  ...(["foreign peer", "twice", "to the end", "peer of another torrent"] as const),
];

for (const keepAlive of [true, false])
  test(`the report is what the tracker saw, ${keepAlive ? "connections kept" : "a connection for each request"}`, async (context) => {
    const tracker = new FakeHttpTracker((index) =>
      index === 40 ? "lose" : (DEEDS[index % DEEDS.length] ?? "answer"),
    );
    const port = await tracker.serve(context);
    const load = new HttpLoad(
      configFor(port, { keepAlive, targetRate: 500, duration: 1, timeout: 2000 }),
    );
    await load.run();
    const { sent, answered, ...counts } = load.tally.counts();
    assert.equal(sent.announce, tracker.requests.announce);
    assert.ok((sent.announce ?? 0) > 50);
    assert.equal(
      answered.announce,
      tracker.count("answer", "line end", "foreign peer", "peer of another torrent") +
        tracker.count("twice", "to the end"),
    );
    assert.equal(counts.lost, tracker.count("lose", "hang up"));
    assert.equal(counts.errors, tracker.count("refuse", "status"));
    assert.equal(counts.malformed, tracker.count("cut"));
    assert.equal(counts.wrongPeers, tracker.count("foreign peer", "peer of another torrent"));
    assert.equal(counts.unknown, tracker.count("twice"));
    if (!keepAlive) assert.equal(tracker.connections, sent.announce);
  });

for (const [share, name] of [
  [0, "in full"],
  [1, "resumed"],
  [0.5, "of both kinds"],
] as const)
  test(`over TLS as many handshakes are counted as the tracker made: ${name}, by several clients at a time`, async (context) => {
    const tracker = new FakeHttpTracker((index) => {
      if (index === 150) load.stop();
      return "answer";
    });
    const port = await tracker.serveTls(context);
    const load = new HttpLoad(
      configFor(port, { enableTls: true, keepAlive: false, tlsResumeShare: share }),
    );
    await load.run();
    const { sent, answered, lost, errors, malformed, ...counts } = load.tally.counts();
    assert.deepEqual([answered.announce, lost, errors, malformed], [sent.announce, 0, 0, 0]);
    assert.equal(counts.resumedHandshakes, tracker.resumed);
    assert.equal(counts.fullHandshakes + counts.resumedHandshakes, tracker.connections);
    // A client has no session before its first connection.
    if (share === 0) assert.equal(tracker.resumed, 0);
    if (share === 1) assert.ok(counts.fullHandshakes <= 2 * 5, `${counts.fullHandshakes} in full`);
    if (share === 0.5) assert.ok(counts.fullHandshakes > 5 && counts.resumedHandshakes > 5);
  });

test("over TLS connections are kept where they may be", async (context) => {
  const tracker = new FakeHttpTracker((index) => {
    if (index === 100) load.stop();
    return "answer";
  });
  const load = new HttpLoad(configFor(await tracker.serveTls(context), { enableTls: true }));
  await load.run();
  const { sent, answered, fullHandshakes } = load.tally.counts();
  assert.deepEqual([answered.announce, fullHandshakes], [sent.announce, 5]);
});

test("without a rate every client asks again when it is answered, from all addresses, until it is stopped", async (context) => {
  const tracker = new FakeHttpTracker((index) => {
    if (index === 300) load.stop();
    return "answer";
  });
  const port = await tracker.serve(context);
  const load = new HttpLoad(
    configFor(port, { sourceAddresses: 3 }, { weightAnnounce: 1, weightScrape: 1 }),
  );
  await load.run();
  const { sent, answered, lost, wrongPeers } = load.tally.counts();
  assert.deepEqual(sent, tracker.requests);
  assert.deepEqual(answered, tracker.requests);
  assert.ok(tracker.requests.announce > 50 && tracker.requests.scrape > 50);
  assert.deepEqual([lost, wrongPeers, tracker.connections], [0, 0, 5]);
  assert.deepEqual([...tracker.sources].sort(), ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
});

test("a request that no client was free for counts its latency from when it was due", async (context) => {
  let held: (() => void) | undefined;
  let requests = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      const answer = (): void => void socket.write(answerTo("answer", chunk.toString("latin1")));
      if (++requests !== 20) return answer();
      held = answer;
      setTimeout(() => held?.(), 2000);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const load = new HttpLoad(
    configFor(address.port, { numConnections: 1, targetRate: 100, duration: 3 }),
  );
  await load.run();
  assert.equal(load.tally.counts().lost, 0);
  const { p999, p50 } = load.tally.latencyMicroseconds();
  assert.ok(p999 >= 1_900_000, `p99.9 is ${p999} µs`);
  assert.ok(p50 >= 100_000, `p50 is ${p50} µs`);
});

test("a head is read once it is whole, and is malformed where it is none", () => {
  const head = (text: string) => readHead(Buffer.from(text, "latin1"));
  assert.equal(head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), undefined);
  assert.deepEqual(head("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: close\r\n\r\nhello"), {
    ...{ bytes: 57, status: 200, bodyBytes: 5, closes: true },
  });
  assert.deepEqual(head("HTTP/1.0 404 Not Found\r\n\r\n"), {
    ...{ bytes: 26, status: 404, bodyBytes: undefined, closes: true },
  });
  assert.equal(head("SSH-2.0-x\r\n\r\n"), "malformed");
  assert.equal(head("x".repeat(20_000)), "malformed");
  assert.equal(head("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), "malformed");
});
