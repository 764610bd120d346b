/**
 * Request bytes → answer bytes with a real swarm store, without sockets; and a long run of mutated requests.
 *
 * `node packages/http/dist/bench/http-handler.bench.js` prints nanoseconds per request, for announces spread over many
 * torrents and for scrapes. With `mutations`, optionally followed by a number (ten million by default) and a seed, it
 * gives the handler that many cases of damaged requests instead; it throws if one makes the handler throw, answer in
 * halves, or answer otherwise when its bytes arrive in parts.
 * The test beside it runs both in smoke size.
 */
import { fileURLToPath } from "node:url";
import { type Cidr, parseCidr } from "@swarmtide/bittorrent";
import {
  announceRequestBytes,
  asciiBytes,
  HttpResponse,
  parseHttpResponse,
  RESPONSE_OK,
  scrapeRequestBytes,
} from "@swarmtide/http-protocol";
import { AnnounceInterval, createSwarmStore } from "@swarmtide/swarm";
import {
  HttpHandler,
  OUTCOME_CLOSES,
  OUTCOME_FULL,
  OUTCOME_UPGRADES,
} from "../hot/http-handler.ts";
import { peerAt } from "../peer-address.ts";
import { testHandlerOptions } from "../testing/handler-options.ts";
import { MutatedRequests, makeRandom } from "./mutated-requests.ts";

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
  const peers = Array.from({ length: 256 }, (_, i) => peerAt(Uint8Array.of(10, 0, 0, i)));
  let replyBytes = 0;
  const run = (count: number) => {
    for (let i = 0; i < count; i++) {
      const bytes = requests[i % REQUESTS];
      const peer = peers[(i >> 4) & 255];
      if (bytes === undefined || peer === undefined) break;
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

/**
 * Gives a handler `count` cases of damaged requests, half of them through a trusted proxy. Each case comes in up to four
 * parts, as an engine would give it, and once more whole to a second handler: both must answer alike. Returns how often
 * each status was answered.
 */
export function runMutations(count: number, seed: number): Map<number, number> {
  const whole = makeHandler();
  const parted = makeHandler();
  const cases = new MutatedRequests(seed);
  const { random, bytes } = cases;
  const statuses = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    cases.next();
    const trusted = i % 2 === 0 ? [] : TRUSTED;
    const expected: number[] = [];
    const given: number[] = [];
    const wholeEnd = converse(whole, trusted, bytes, [cases.length], expected);
    const parts = Array.from({ length: random() % 4 }, () => random() % (cases.length + 1));
    parts.sort((a, b) => a - b).push(cases.length);
    const partedEnd = converse(parted, trusted, bytes, parts, given);
    if (wholeEnd !== partedEnd || expected.join() !== given.join())
      throw new Error(
        `case ${i} of seed ${seed}: whole ${wholeEnd} ${expected}, in parts ending at ${parts} ${partedEnd} ${given}\n` +
          Buffer.from(bytes.subarray(0, cases.length)).toString("base64"),
      );
    for (const status of expected) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  return statuses;
}

/** One connection whose bytes arrive in parts that end where `ends` says. Returns where and how it ended. */
function converse(
  handler: HttpHandler,
  trusted: readonly Cidr[],
  bytes: Uint8Array,
  ends: readonly number[],
  statuses: number[],
): string {
  const peer = peerAt(Uint8Array.of(10, 0, 0, 1), trusted);
  let at = 0;
  for (const end of ends) {
    do {
      at = handler.answer(peer, bytes, at, end);
      readStatuses(handler, statuses);
      if (at > end) throw new Error(`read to ${at} of ${end}`);
    } while (handler.outcome === OUTCOME_FULL);
    if (handler.outcome === OUTCOME_CLOSES) return "closes";
    if (handler.outcome === OUTCOME_UPGRADES) return `upgrades at ${at}`;
  }
  return `waits at ${at}`;
}

const response = new HttpResponse();

/** Takes the reply apart; throws unless it is made of whole answers. Those to HEAD have no body. */
function readStatuses(handler: HttpHandler, statuses: number[]): void {
  const { reply, replyLength } = handler;
  for (let at = 0; at < replyLength; ) {
    if (parseHttpResponse(response, reply, at, replyLength) !== RESPONSE_OK)
      throw new Error(`half an answer at ${at} of ${replyLength}`);
    statuses.push(response.status);
    const { bodyStart, contentLength } = response;
    if (contentLength <= 0) throw new Error(`an answer of ${contentLength} bytes at ${at}`);
    const isHead = bodyStart === replyLength || startsAnswer(reply, bodyStart);
    at = isHead ? bodyStart : bodyStart + contentLength;
    if (at > replyLength) throw new Error(`the body at ${bodyStart} of ${replyLength} is cut off`);
  }
}

const ANSWER_START = asciiBytes("HTTP/1.1 ");

function startsAnswer(reply: Uint8Array, at: number): boolean {
  return ANSWER_START.every((byte, i) => reply[at + i] === byte);
}

const TRUSTED = [parseCidr("10.0.0.0/8")].filter((cidr) => cidr !== undefined);

function makeHandler(): HttpHandler {
  return new HttpHandler(
    testHandlerOptions({
      store: createSwarmStore({ memoryBytesMax: 1 << 30 }),
      interval: new AnnounceInterval(900, 1),
      requestsPerConnectionMax: Number.MAX_SAFE_INTEGER,
      trustedProxies: TRUSTED,
      upgradesWebSockets: true,
    }),
  );
}

function hashOf(number: number): Uint8Array {
  const random = makeRandom(number + 1);
  return Uint8Array.from({ length: 20 }, () => random() & 255);
}

function main(mode: string | undefined, count: string | undefined, seed = "20261122"): void {
  if (mode === "mutations") {
    const cases = Number(count ?? 10_000_000);
    const statuses = runMutations(cases, Number(seed));
    console.log(`${cases} cases of seed ${seed}, answers by status:`);
    for (const [status, answers] of [...statuses].sort()) console.log(`${status}: ${answers}`);
    return;
  }
  for (const { name, nanosecondsPerRequest, replyBytes } of runHandlerBenchmarks(
    1_000_000,
    100_000,
  ))
    console.log(`${name}: ${nanosecondsPerRequest.toFixed(0)} ns (${replyBytes} bytes of replies)`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  main(process.argv[2], process.argv[3], process.argv[4]);
