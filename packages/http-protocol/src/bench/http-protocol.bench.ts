/**
 * Micro benchmarks of the tracker's path: read a request, read its query, write an answer.
 *
 * `node packages/http-protocol/dist/bench/http-protocol.bench.js` runs the real size and prints nanoseconds per
 * call with a checksum of the work; the test beside it runs the smoke size, so that it cannot rot.
 */
import { fileURLToPath } from "node:url";
import { announceRequestBytes, scrapeRequestBytes } from "../client-request.ts";
import { parseHttpRequest } from "../hot/http-request.ts";
import { TrackerQuery } from "../hot/query-record.ts";
import {
  AnnounceReply,
  writeAnnounceReply,
  writeContentLength,
  writeResponseHead,
} from "../hot/reply-writer.ts";
import { HttpRequest } from "../hot/request-record.ts";
import { parseAnnounceQuery, parseScrapeQuery } from "../hot/tracker-query.ts";
import { makeResponseHead } from "../response-head.ts";

/** What one benchmark measured. */
export interface BenchResult {
  readonly name: string;
  readonly nanosecondsPerCall: number;
  readonly checksum: number;
}

const FRAME = { host: "tracker.example:3000", headers: ["User-Agent: bench/1.0", "Accept: */*"] };

/** Runs every benchmark `rounds` times after a warm-up of a tenth. */
export function runBenchmarks(rounds: number): BenchResult[] {
  const request = new HttpRequest({
    requestBytesMax: 8192,
    headersMax: 64,
    forwardedHeaderName: "x-forwarded-for",
  });
  const query = new TrackerQuery(100);
  const announce = announceRequestBytes(
    {
      infoHash: Uint8Array.from({ length: 20 }, (_, i) => (i * 37) & 255),
      peerId: Uint8Array.from({ length: 20 }, (_, i) => 0x30 + i),
      port: 6881,
      uploaded: 1234567,
      downloaded: 7654321,
      left: 50,
      event: 2,
      peersWanted: 50,
      compact: true,
    },
    FRAME,
  );
  const hashes = Array.from({ length: 100 }, (_, i) => new Uint8Array(20).fill((i * 89) & 255));
  const scrape = scrapeRequestBytes(hashes, FRAME);
  const reply = new AnnounceReply();
  const head = makeResponseHead(200, "");
  const output = new Uint8Array(16384);
  reply.complete = 123;
  reply.incomplete = 45;
  reply.intervalSeconds = 900;
  reply.minIntervalSeconds = 450;
  reply.peersOffset = 8192;
  reply.peersCount = 50;

  return [
    measure("parse an announce request", rounds, () => {
      parseHttpRequest(request, announce, 0, announce.length);
      parseAnnounceQuery(query, announce, request.queryStart, request.queryEnd);
      return query.port;
    }),
    measure("parse a scrape of 100 info hashes", Math.ceil(rounds / 30), () => {
      parseHttpRequest(request, scrape, 0, scrape.length);
      parseScrapeQuery(query, scrape, request.queryStart, request.queryEnd);
      return query.hashCount;
    }),
    measure("write an announce answer with 50 peers", rounds, () => {
      const bodyOffset = writeResponseHead(output, 0, head);
      const end = writeAnnounceReply(output, bodyOffset, reply);
      writeContentLength(output, bodyOffset, end - bodyOffset);
      return end;
    }),
  ];
}

function measure(name: string, rounds: number, call: () => number): BenchResult {
  let checksum = 0;
  for (let i = 0; i < rounds / 10; i++) call();
  const start = performance.now();
  for (let i = 0; i < rounds; i++) checksum += call();
  const nanosecondsPerCall = ((performance.now() - start) * 1e6) / rounds;
  return { name, nanosecondsPerCall, checksum };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const { name, nanosecondsPerCall, checksum } of runBenchmarks(1_000_000))
    console.log(`${name}: ${nanosecondsPerCall.toFixed(0)} ns (checksum ${checksum})`);
