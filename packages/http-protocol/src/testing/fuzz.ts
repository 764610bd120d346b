/**
 * Throws mutated requests at the parsers of the HTTP tracker and checks what must hold for each:
 *
 *   node packages/http-protocol/dist/testing/fuzz.js [REQUESTS] [SEED]
 *
 * No exception, every offset inside the request, every prefix "not complete yet" or with the outcome of the whole, and a
 * query reads as one that is split and decoded with regular expressions. The default is ten million.
 */

import { fileURLToPath } from "node:url";
import { type RandomBelow, randomBelow } from "@swarmtide/test-kit";
import { parseHttpRequest } from "../hot/http-request.ts";
import { HTTP_MORE, HTTP_OK, HTTP_STATUS_COUNT } from "../hot/parse-status.ts";
import { QUERY_OK, QUERY_STATUS_COUNT, TrackerQuery } from "../hot/query-record.ts";
import { HttpRequest } from "../hot/request-record.ts";
import { exactRouteOfPath, ROUTE_HEALTH, ROUTE_OTHER, routeOfPath } from "../hot/route.ts";
import { parseAnnounceQuery, parseScrapeQuery } from "../hot/tracker-query.ts";

export interface FuzzReport {
  requests: number;
  whole: number;
  refused: number;
  announces: number;
  scrapes: number;
  compared: number;
}

const request = new HttpRequest({
  requestBytesMax: 1500,
  headersMax: 12,
  forwardedHeaderName: "X-Forwarded-For",
});
const query = new TrackerQuery(5);

export function fuzzRequests(count: number, seed: number): FuzzReport {
  const report = { requests: count, whole: 0, refused: 0, announces: 0, scrapes: 0, compared: 0 };
  const below = randomBelow(seed);
  for (let i = 0; i < count; i++) {
    const bytes = mutated(Buffer.from(randomRequest(below), "latin1"), below);
    try {
      check(bytes, below, report);
    } catch (error) {
      throw new Error(`seed ${seed}, request ${i}: ${JSON.stringify(bytes.toString("latin1"))}`, {
        cause: error,
      });
    }
  }
  return report;
}

function check(bytes: Buffer, below: RandomBelow, report: FuzzReport): void {
  const status = parseHttpRequest(request, bytes, 0, bytes.length);
  must(status >= 0 && status < HTTP_STATUS_COUNT, `status ${status}`);
  const { pathStart, pathEnd, queryStart, queryEnd, nextOffset } = request;
  if (status === HTTP_OK) {
    report.whole++;
    must(pathStart <= pathEnd && pathEnd <= queryStart && queryStart <= queryEnd, "the offsets");
    must(queryEnd < nextOffset && nextOffset <= bytes.length, "the next request");
    checkRoute(bytes, pathStart, pathEnd);
    checkQueries(bytes, queryStart, queryEnd, report);
  } else if (status !== HTTP_MORE) report.refused++;
  for (let tries = 0; tries < 2; tries++) {
    const part = parseHttpRequest(request, bytes, 0, below(bytes.length + 1));
    must(part === HTTP_MORE || part === status, `a prefix has outcome ${part}, not ${status}`);
  }
}

function checkRoute(bytes: Buffer, start: number, end: number): void {
  const exact = exactRouteOfPath(bytes, start, end);
  const route = routeOfPath(bytes, start, end);
  must(exact === ROUTE_OTHER || exact === route, "an exact path is found by both");
  const path = bytes.toString("latin1", start, end);
  const found = /^(?:\/[^/]+)?\/(announce|scrape)(?:\.php)?\/?$/.exec(path)?.[1];
  const wanted =
    found === undefined
      ? path === "/health"
        ? ROUTE_HEALTH
        : ROUTE_OTHER
      : found === "announce"
        ? 1
        : 2;
  must(route === wanted, `route ${route} of ${path}`);
}

function checkQueries(bytes: Buffer, start: number, end: number, report: FuzzReport): void {
  const scraped = parseScrapeQuery(query, bytes, start, end);
  must(scraped >= 0 && scraped < QUERY_STATUS_COUNT, `scrape ${scraped}`);
  must(query.hashCount <= 5 && query.hashCount <= query.hashesSeen, "the info hashes");
  if (scraped === QUERY_OK) report.scrapes++;
  const status = parseAnnounceQuery(query, bytes, start, end);
  must(status >= 0 && status < QUERY_STATUS_COUNT, `announce ${status}`);
  if (status !== QUERY_OK) return;
  report.announces++;
  must(query.port >= 1 && query.port <= 65_535, "the port");
  must(
    query.left >= -1 && query.peersWanted >= -1 && query.event >= 0 && query.event <= 4,
    "range",
  );
  const values = splitQuery(bytes.toString("latin1", start, end));
  report.compared++;
  must(values.get("info_hash") === latin1(query.hashBytes.subarray(0, 20)), "the info hash");
  must(values.get("peer_id") === latin1(query.peerId), "the peer id");
  const numwant = values.get("numwant") ?? "";
  const wanted = /^[0-9]{1,15}$/.test(numwant) ? Number(numwant) : -1;
  must(numwant.length > 15 || query.peersWanted === wanted, `numwant ${numwant}`);
  const event = (values.get("event") ?? "").toLowerCase();
  const number = ["", "completed", "started", "stopped", "paused"].indexOf(event);
  must(event.length > 60 || query.event === Math.max(0, number), `event ${event}`);
}

/** The last value of each name, decoded. */
function splitQuery(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const decode = (part: string) =>
    part
      .replaceAll("+", " ")
      .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    const [name, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    // An empty port, and other numbers, leave what an earlier one said: those are not compared.
    values.set(decode(name), decode(value));
  }
  return values;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const pick = (below: RandomBelow, all: readonly string[]): string => all[below(all.length)] ?? "";

const PATHS = [
  "/announce",
  "/scrape",
  "/announce/",
  "/scrape.php",
  "/KEY/announce",
  "/health",
  "/",
  "/a/b/scrape",
  "http://a/announce",
  "*",
];
const HEADERS = [
  "Host: tracker.example:3000",
  "Host: [2001:db8::1]",
  "Host: a b",
  "Connection: close",
  "Connection: keep-alive, Upgrade",
  "Upgrade: h2c, websocket",
  "Content-Length: 0",
  "Content-Length: 12",
  "Transfer-Encoding: chunked",
  "X-Forwarded-For: 192.0.2.1, ::1",
  "User-Agent: x",
  "X-Real-IP: 1",
  "Forwarded: for=1",
  "A:",
  ": b",
  " folded",
];
const EVENTS = [
  "started",
  "STOPPED",
  "Completed",
  "paused",
  "",
  "begun",
  "empty",
  "%73tarted",
  "a+b",
];

function randomRequest(below: RandomBelow): string {
  const method = pick(below, ["GET", "GET", "GET", "HEAD", "POST", "get", ""]);
  const version = pick(below, [
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.1",
    "HTTP/1.0",
    "HTTP/2.0",
    "HTTP/1",
  ]);
  let text = `${method} ${pick(below, PATHS)}?${randomQuery(below)} ${version}\r\nHost: a\r\n`;
  if (below(8) === 0) text = text.replace("Host: a\r\n", "");
  for (let headers = below(8) === 0 ? below(6) : below(2); headers > 0; headers--)
    text += `${pick(below, HEADERS)}\r\n`;
  return `${text}\r\n`;
}

function randomQuery(below: RandomBelow): string {
  const parts = [
    `info_hash=${randomValue(below, 20)}`,
    `peer_id=${randomValue(below, 20)}`,
    `port=${below(70_000)}`,
  ];
  if (below(2) === 0) parts.push(`left=${below(3) - 1}`);
  if (below(2) === 0) parts.push(`event=${pick(below, EVENTS)}`);
  if (below(2) === 0)
    parts.push(
      `numwant=${pick(below, ["0", "50", "-1", "x", "", "+5", "99999999999999999999", "%35"])}`,
    );
  if (below(4) === 0)
    parts.push(
      pick(below, [
        "compact=0",
        "key=%41b",
        "no_peer_id",
        "&&",
        "a=b=c",
        "%69nfo_hash=a",
        "trackerid=+",
      ]),
    );
  for (let more = below(8) === 0 ? below(7) : 0; more > 0; more--)
    parts.push(`info_hash=${randomValue(below, 20)}`);
  if (below(8) === 0) parts.splice(below(parts.length), 1);
  return parts.join("&");
}

/** `length` bytes as clients encode them: most raw or in hex, now and then a plus, seldom one too few. */
function randomValue(below: RandomBelow, length: number): string {
  let text = "";
  for (let i = below(32) === 0 ? 1 : 0; i < length; i++) {
    const byte = below(256);
    const kind = below(8);
    if (kind === 0) text += "+";
    else if (kind < 4) text += `%${byte.toString(16).padStart(2, "0")}`;
    else text += String.fromCharCode(0x61 + (byte % 26));
  }
  return text;
}

/** Half of the requests stay as they are; of the others bytes change, go, or come twice. */
function mutated(bytes: Buffer, below: RandomBelow): Buffer {
  if (below(2) === 0) return bytes;
  for (let changes = below(4); changes > 0; changes--) {
    const at = below(bytes.length);
    bytes[at] = below(2) === 0 ? below(256) : (bytes[at] ?? 0) ^ (1 << below(8));
  }
  if (below(4) === 0) return bytes.subarray(0, below(bytes.length + 1));
  if (below(4) === 0) return Buffer.concat([bytes, bytes.subarray(below(bytes.length))]);
  if (below(8) === 0)
    return Buffer.concat([
      bytes.subarray(0, below(bytes.length)),
      bytes.subarray(below(bytes.length)),
    ]);
  return bytes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const seed = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
  console.log(
    `seed ${seed}: ${JSON.stringify(fuzzRequests(Number(process.argv[2] ?? 10_000_000), seed))}`,
  );
}
