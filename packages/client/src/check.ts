/**
 * Checks a tracker from outside, as lists of public trackers do before they take one up: both families, a random
 * torrent served, an interval in range, peers that meet, counts that agree, a certificate that holds.
 *
 * Called by `swarmtide check URL` and by programs that watch trackers. It announces two peers of a random torrent,
 * which have no other peers, and removes them again.
 */
import { randomBytes } from "node:crypto";
import { EVENT_STARTED, EVENT_STOPPED, INFO_HASH_BYTES } from "@swarmtide/bittorrent";
import { certificateFinding } from "./check-certificate.ts";
import { meetOverWs } from "./check-ws.ts";
import { announce, scrape } from "./client.ts";
import { ClientError } from "./client-error.ts";
import { type Finding, Findings } from "./findings.ts";
import { type AnnounceResult, type RequestOptions, randomPeerId } from "./requests.ts";
import { parseTrackerUrl, type TrackerUrl } from "./tracker-url.ts";

export interface CheckOptions extends RequestOptions {
  /** Called with each finding as it comes. */
  readonly onFinding?: (finding: Finding) => void;
}

/** newTrackon's limits for public trackers, and how long it waits. */
const INTERVAL_SECONDS_MIN = 300;
/** WebTorrent peers announce every two minutes, since only an announce brings new offers. */
const WS_INTERVAL_SECONDS_MIN = 30;
const INTERVAL_SECONDS_MAX = 10_800;
const RESPONSE_MILLISECONDS_MAX = 10_000;
/** Ports of the two peers; nothing listens there. */
const SEEDER_PORT = 6881;
const LEECHER_PORT = 6882;

/** Checks a tracker over every family that is asked for; both by default. Throws `ClientError` for a bad URL only. */
export async function checkTracker(text: string, options: CheckOptions = {}): Promise<Finding[]> {
  const url = parseTrackerUrl(text);
  const families = options.family ? [options.family] : ([4, 6] as const);
  const findings: Finding[] = [];
  for (const family of families) {
    const found = new Findings(family, options.onFinding);
    await checkFamily(url, { ...options, family }, found);
    findings.push(...found.all);
  }
  // One family is enough to be a tracker, but none is not.
  const isSilent = families.every((family) =>
    findings.some((one) => one.family === family && one.check === "address" && one.grade !== "ok"),
  );
  if (isSilent)
    findings.push({
      family: families[0] ?? 4,
      check: "address",
      grade: "error",
      detail: `${url.host} has no address at all`,
    });
  return findings;
}

async function checkFamily(
  url: TrackerUrl,
  options: RequestOptions,
  found: Findings,
): Promise<void> {
  const infoHash = new Uint8Array(randomBytes(INFO_HASH_BYTES));
  const first = await firstAnnounce(url, infoHash, options, found);
  if (first === undefined) return;
  if (url.protocol === "https" || url.protocol === "wss")
    await certificateFinding(url, options, found);
  const isWs = url.protocol === "ws" || url.protocol === "wss";
  judgeInterval(first, isWs, found);
  if (isWs) await meetOverWs(url, infoHash, options, found);
  else await meet(url, infoHash, options, found);
}

async function firstAnnounce(
  url: TrackerUrl,
  infoHash: Uint8Array,
  options: RequestOptions,
  found: Findings,
): Promise<AnnounceResult | undefined> {
  try {
    const request = { infoHash, port: SEEDER_PORT, left: 0, event: EVENT_STARTED } as const;
    const first = await announce(url.href, request, options);
    const { resolveMilliseconds, connectMilliseconds, responseMilliseconds } = first.timings;
    const milliseconds = resolveMilliseconds + connectMilliseconds + responseMilliseconds;
    found.add("address", "ok", `${url.host} is ${first.responder}`);
    found.judge(
      "announce",
      milliseconds <= RESPONSE_MILLISECONDS_MAX,
      "warning",
      `a random torrent is served, ${milliseconds.toFixed(1)} ms (name ${resolveMilliseconds.toFixed(1)}, connection ${connectMilliseconds.toFixed(1)}, answer ${responseMilliseconds.toFixed(1)})`,
    );
    return first;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.reason === "unresolved") found.add("address", "warning", error.message);
    else found.add("announce", "error", error.message);
    return undefined;
  }
}

function judgeInterval(
  { intervalSeconds, minIntervalSeconds }: AnnounceResult,
  isWs: boolean,
  found: Findings,
): void {
  const least = isWs ? WS_INTERVAL_SECONDS_MIN : INTERVAL_SECONDS_MIN;
  const isGood = intervalSeconds >= least && intervalSeconds <= INTERVAL_SECONDS_MAX;
  const wanted = isGood ? "" : `; expected ${least} to ${INTERVAL_SECONDS_MAX} s`;
  const notBefore = minIntervalSeconds === undefined ? "" : `, at least ${minIntervalSeconds} s`;
  found.judge("interval", isGood, "warning", `${intervalSeconds} s${notBefore}${wanted}`);
}

/** A leecher joins the seeder of the first announce: each has to be seen. */
async function meet(
  url: TrackerUrl,
  infoHash: Uint8Array,
  options: RequestOptions,
  found: Findings,
): Promise<void> {
  const leecher = { infoHash, peerId: randomPeerId(), port: LEECHER_PORT, left: 1 };
  try {
    const second = await announce(url.href, { ...leecher, event: EVENT_STARTED }, options);
    const isMet = second.peers.some((peer) => peer.port === SEEDER_PORT);
    found.judge(
      "peers meet",
      isMet,
      "error",
      isMet
        ? "a leecher was told of the seeder"
        : `a leecher was told of ${second.peers.length} peers, the seeder not among them`,
    );
    const isCounted = second.seeders === 1 && second.leechers === 1;
    found.judge(
      "counts",
      isCounted,
      "warning",
      `${second.seeders ?? "no"} seeders, ${second.leechers ?? "no"} leechers; announced were one and one`,
    );
    await judgeScrape(url, infoHash, options, found);
    await judgeStop(url, infoHash, options, found);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    found.add("peers meet", "error", error.message);
  } finally {
    // What the check brought must not stay behind. Nothing is lost where the tracker has gone: peers expire.
    const seeder = { infoHash, port: SEEDER_PORT, left: 0, event: EVENT_STOPPED } as const;
    await announce(url.href, seeder, options).catch(() => undefined);
  }
}

async function judgeScrape(
  url: TrackerUrl,
  infoHash: Uint8Array,
  options: RequestOptions,
  found: Findings,
): Promise<void> {
  try {
    const { torrents } = await scrape(url.href, [infoHash], options);
    const torrent = torrents[0];
    const isGood = torrent?.seeders === 1 && torrent.leechers === 1;
    const detail = torrent
      ? `${torrent.seeders} seeders, ${torrent.leechers} leechers, ${torrent.completed} completed`
      : "the torrent is missing in the answer";
    found.judge("scrape", isGood, "warning", detail);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    // Scrapes are optional, and some trackers refuse them on purpose.
    found.add("scrape", "warning", error.message);
  }
}

async function judgeStop(
  url: TrackerUrl,
  infoHash: Uint8Array,
  options: RequestOptions,
  found: Findings,
): Promise<void> {
  const leecher = { infoHash, port: LEECHER_PORT, left: 1, event: EVENT_STOPPED } as const;
  await announce(url.href, leecher, options);
  const again = { infoHash, port: SEEDER_PORT, left: 0 };
  const after = await announce(url.href, again, options);
  const isGone = !after.peers.some((peer) => peer.port === LEECHER_PORT);
  found.judge(
    "stopped",
    isGone,
    "warning",
    isGone ? "a peer that stopped is gone" : "a peer that stopped is still told of",
  );
}
