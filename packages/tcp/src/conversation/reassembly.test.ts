/**
 * What the conversation layer of each engine makes of bytes that arrive in parts: the statuses a client gets over a real
 * connection are those that the handler alone gives for the same bytes in one piece. Proper, damaged and pipelined
 * requests, cut anywhere; on half of the plain connections a PROXY header comes first, and is cut as well.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpHandler, OUTCOME_CLOSES, OUTCOME_FULL, peerAt } from "@swarmtide/http";
import { HttpResponse, parseHttpResponse, RESPONSE_OK } from "@swarmtide/http-protocol";
import { announceTarget, type HttpClient, httpGet, RandomSource } from "@swarmtide/test-kit";
import { CONNECTIONS_ACCEPTED, CONNECTIONS_CLOSED } from "../counters.ts";
import { ENGINES, type EngineName, handlerOptions, startEngine } from "../testing/engines.ts";

const SEED = 20_261_126;
const CASES = 150;
const LINE_FEED = 0x0a;

/** Requests that another one may follow. */
const GOING_ON = [
  httpGet("/health"),
  httpGet(announceTarget("a", 1, "&left=0")),
  httpGet(announceTarget("b", 2, "&compact=0"), "User-Agent: x", "Accept-Encoding: gzip"),
  httpGet(`/scrape?${"info_hash=aaaaaaaaaaaaaaaaaaaa&".repeat(40)}`),
  httpGet("/nothing"),
  "DELETE / HTTP/1.1\r\nHost: t\r\n\r\n",
];
const LAST = [
  ...GOING_ON,
  httpGet("/health", "Connection: close"),
  "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  "GET /health HTTP/1.0\r\n\r\n",
  "POST /announce HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc",
  httpGet("/health", "Content-Length: 1", "Content-Length: 1"),
  `GET /${"a".repeat(9000)}`,
];
const SPICE = [0, 10, 13, 32, 37, 38, 58, 61, 255];
const PROXY_HEADERS = [
  Buffer.from("PROXY TCP4 192.0.2.1 127.0.0.1 4711 443\r\n"),
  Buffer.from("PROXY UNKNOWN\r\n"),
  Buffer.from("0d0a0d0a000d0a515549540a2111000cc0000201c6336401126701bb", "hex"),
  Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex"),
];

function drawCase(random: RandomSource): Buffer {
  const requests = [
    ...Array.from({ length: random.below(5) }, () => random.pick(GOING_ON)),
    random.pick(LAST),
  ];
  const bytes = Buffer.from(requests.join(""), "latin1");
  if (random.below(2) === 0)
    for (let edits = random.below(4); edits > 0; edits--)
      bytes[random.below(bytes.length)] = random.pick(SPICE);
  const cut = random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
  // The epoll engine looks at a request in parts again when a line feed comes: without one an error would wait.
  return cut.at(-1) === LINE_FEED ? cut : Buffer.concat([cut, Buffer.of(LINE_FEED)]);
}

/** The statuses that the handler answers, given everything at once. */
function expectedStatuses(handler: HttpHandler, bytes: Buffer): number[] {
  const peer = peerAt(Uint8Array.of(127, 0, 0, 1));
  const response = new HttpResponse();
  const statuses: number[] = [];
  let at = 0;
  do {
    at = handler.answer(peer, bytes, at, bytes.length);
    for (let from = 0; from < handler.replyLength; ) {
      const read = parseHttpResponse(response, handler.reply, from, handler.replyLength);
      assert.equal(read, RESPONSE_OK);
      statuses.push(response.status);
      from = response.bodyStart + response.contentLength;
    }
  } while (handler.outcome === OUTCOME_FULL);
  return statuses;
}

async function send(client: HttpClient, bytes: Buffer, random: RandomSource): Promise<void> {
  const cuts = Array.from({ length: random.below(6) }, () => random.below(bytes.length + 1)).sort(
    (a, b) => a - b,
  );
  let from = 0;
  for (const end of [...cuts, bytes.length]) {
    if (end > from) client.send(bytes.subarray(from, end));
    from = end;
    for (let turns = random.below(4); turns > 0; turns--) await new Promise(setImmediate);
  }
}

async function run(kind: EngineName, hasProxyHeader: boolean, seed: number): Promise<void> {
  const random = new RandomSource(Math.imul(seed, 2654435761));
  const settings = hasProxyHeader ? { trusted: ["127.0.0.1"], proxyProtocol: true } : {};
  const engine = await startEngine(kind, settings);
  const handler = new HttpHandler(handlerOptions(engine.store, [], {}));
  for (let i = 0; i < CASES; i++) {
    const requests = drawCase(random);
    const expected = expectedStatuses(handler, requests);
    const closes = handler.outcome === OUTCOME_CLOSES;
    const prefix = hasProxyHeader ? random.pick(PROXY_HEADERS) : Buffer.alloc(0);
    const client = await engine.connect();
    await send(client, Buffer.concat([prefix, requests]), random);
    await client.receive(expected.length);
    if (closes) await client.closed;
    client.destroy();
    const got = client.answers().map(({ status }) => status);
    assert.deepEqual(got, expected, `case ${i} of seed ${seed}: ${requests.toString("base64")}`);
  }
  await engine.stop();
  assert.equal(engine.count(CONNECTIONS_ACCEPTED), engine.count(CONNECTIONS_CLOSED));
}

for (const kind of ENGINES)
  for (const hasProxyHeader of kind === "tls" ? [false] : [false, true])
    test(`${kind}: bytes in parts are answered as in one piece${hasProxyHeader ? ", behind a PROXY header" : ""}`, {
      timeout: 60_000,
    }, async () => {
      await run(kind, hasProxyHeader, SEED);
    });
