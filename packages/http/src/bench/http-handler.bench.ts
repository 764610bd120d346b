/**
 * Request bytes → answer bytes with a real swarm store, without sockets; and a long run of mutated requests.
 *
 * `node packages/http/dist/bench/http-handler.bench.js` prints nanoseconds per request, for announces spread over many
 * torrents and for scrapes. With `mutations`, optionally followed by a number (ten million by default), it gives the
 * handler that many damaged requests instead; it throws if one of them makes the handler throw or answer in halves.
 * The test beside it runs both in smoke size.
 */
import { fileURLToPath } from "node:url";
import { parseCidr } from "@swarmtide/bittorrent";
import {
  announceRequestBytes,
  HttpResponse,
  parseHttpResponse,
  RESPONSE_OK,
  scrapeRequestBytes,
} from "@swarmtide/http-protocol";
import { SwarmStore } from "@swarmtide/swarm";
import { HTTP_COUNTER_NAMES } from "../counters.ts";
import { HttpHandler } from "../hot/http-handler.ts";
import { HttpPeer } from "../http-peer.ts";

const FRAME = { host: "tracker.example:3000", headers: ["User-Agent: bench/1.0", "Accept: */*"] };
const REQUESTS = 4096;

export interface HandlerBench {
  readonly name: string;
  readonly nanosecondsPerRequest: number;
  readonly replyBytes: number;
}

/** Times `rounds` requests of each kind, over `torrents` torrents. */
export function runHandlerBenchmarks(rounds: number, torrents: number): HandlerBench[] {
  const handler = makeHandler();
  const random = makeRandom(12345);
  const infoHash = () => hashOf(random() % torrents);
  const announces = Array.from({ length: REQUESTS }, (_, i) =>
    announceRequestBytes(
      {
        infoHash: infoHash(),
        peerId: hashOf(i),
        port: 1 + (random() % 65535),
        uploaded: random(),
        downloaded: random(),
        left: random() % 4 === 0 ? 0 : 50,
        event: 2,
        compact: true,
      },
      FRAME,
    ),
  );
  const scrapes = Array.from({ length: REQUESTS }, () =>
    scrapeRequestBytes(Array.from({ length: 5 }, infoHash), FRAME),
  );
  return [
    measure("announce", handler, announces, rounds),
    measure("scrape of 5 torrents", handler, scrapes, rounds),
  ];
}

function measure(
  name: string,
  handler: HttpHandler,
  requests: readonly Uint8Array[],
  rounds: number,
): HandlerBench {
  const peers = Array.from({ length: 256 }, (_, i) => HttpPeer.at(Uint8Array.of(10, 0, 0, i)));
  let replyBytes = 0;
  const run = (count: number) => {
    for (let i = 0; i < count; i++) {
      const bytes = requests[i % REQUESTS];
      const peer = peers[(i >> 4) & 255];
      handler.answer(peer, bytes, 0, bytes.length);
      replyBytes += handler.replyLength;
    }
  };
  run(Math.ceil(rounds / 10));
  replyBytes = 0;
  const start = performance.now();
  run(rounds);
  const nanosecondsPerRequest = ((performance.now() - start) * 1e6) / rounds;
  return { name, nanosecondsPerRequest, replyBytes };
}

/** Gives a handler `count` damaged requests. Returns how many were answered at all, and with which status. */
export function runMutations(count: number, seed: number): Map<number, number> {
  const handler = makeHandler();
  const random = makeRandom(seed);
  const seeds = [
    announceRequestBytes(
      {
        infoHash: hashOf(1),
        peerId: hashOf(2),
        port: 6881,
        left: 0,
        event: 1,
        peersWanted: 30,
        trackerId: hashOf(3),
      },
      { host: "t", headers: ["X-Forwarded-For: 192.0.2.1, 2001:db8::1", "Connection: close"] },
    ),
    scrapeRequestBytes([hashOf(1), hashOf(4), hashOf(1)], FRAME),
    announceRequestBytes(
      { infoHash: hashOf(1), peerId: hashOf(5), port: 1, compact: false },
      FRAME,
    ),
  ];
  const spice = [0, 9, 10, 13, 32, 35, 37, 38, 43, 44, 47, 58, 61, 63, 91, 255];
  const buffer = new Uint8Array(1024);
  const direct = HttpPeer.at(Uint8Array.of(192, 0, 2, 1));
  const proxied = HttpPeer.at(Uint8Array.of(10, 0, 0, 1), TRUSTED);
  const statuses = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const bytes = seeds[i % seeds.length];
    buffer.set(bytes);
    let length = bytes.length;
    for (let edits = random() % 5; edits >= 0; edits--) {
      const at = random() % length;
      const byte = random() % 3 === 0 ? random() & 255 : spice[random() % spice.length];
      const kind = random() % 8;
      if (kind === 0 && length < 1000) buffer.copyWithin(at + 1, at, length++);
      else if (kind === 1 && length > 1) buffer.copyWithin(at, at + 1, length--);
      if (kind !== 1) buffer[at] = byte;
    }
    handler.answer(i % 2 === 0 ? direct : proxied, buffer, 0, length);
    countAnswers(handler, statuses);
  }
  return statuses;
}

const response = new HttpResponse();

function countAnswers(handler: HttpHandler, statuses: Map<number, number>): void {
  const { reply, replyLength } = handler;
  for (let at = 0; at < replyLength; ) {
    if (parseHttpResponse(response, reply, at, replyLength) !== RESPONSE_OK)
      throw new Error(`half an answer at ${at} of ${replyLength}`);
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    const next = response.bodyStart + response.contentLength;
    // An answer to HEAD, which a mutation cannot make of GET in four edits, would have no body.
    if (next > replyLength) throw new Error(`the body at ${at} of ${replyLength} is cut off`);
    at = next;
  }
}

const TRUSTED = [parseCidr("10.0.0.0/8")].filter((cidr) => cidr !== undefined);

function makeHandler(): HttpHandler {
  return new HttpHandler({
    store: SwarmStore.create({ memoryBytesMax: 1 << 30 }),
    accessList: undefined,
    counters: new Float64Array(HTTP_COUNTER_NAMES.length),
    peersMax: 50,
    scrapeTorrentsMax: 100,
    intervalSeconds: 900,
    intervalJitter: 0.1,
    minIntervalSeconds: 300,
    requestBytesMax: 8192,
    headersMax: 64,
    requestsPerConnectionMax: Number.MAX_SAFE_INTEGER,
    trustedProxies: TRUSTED,
    forwardedHeaderName: "X-Forwarded-For",
    upgradesWebSockets: true,
    randomSeed: 1,
  });
}

function hashOf(number: number): Uint8Array {
  const random = makeRandom(number + 1);
  return Uint8Array.from({ length: 20 }, () => random() & 255);
}

/** Whole numbers from 0 to 2^31 - 1, the same ones for the same seed. */
function makeRandom(seed: number): () => number {
  let state = Math.imul(seed, 2654435761) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 1;
  };
}

function main(mode: string | undefined, count: string | undefined): void {
  if (mode === "mutations") {
    const statuses = runMutations(Number(count ?? 10_000_000), 20_261_122);
    for (const [status, answers] of [...statuses].sort()) console.log(`${status}: ${answers}`);
    return;
  }
  for (const { name, nanosecondsPerRequest, replyBytes } of runHandlerBenchmarks(
    1_000_000,
    100_000,
  ))
    console.log(`${name}: ${nanosecondsPerRequest.toFixed(0)} ns (${replyBytes} bytes of replies)`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv[2], process.argv[3]);
