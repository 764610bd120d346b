/**
 * Announce and scrape, whatever the tracker's protocol is.
 *
 *     const { seeders, peers } = await announce("udp://tracker.example.org:6969", { infoHash });
 *
 * Called by the commands `swarmtide announce` and `scrape`, by checks, and by programs.
 */
import { ClientError } from "./client-error.ts";
import { announceHttp, scrapeHttp } from "./http-client.ts";
import {
  type AnnounceRequest,
  type AnnounceResult,
  fullAnnounce,
  type RequestOptions,
  requireInfoHash,
  type ScrapeResult,
} from "./requests.ts";
import { parseTrackerUrl, type TrackerProtocol } from "./tracker-url.ts";
import { announceUdp, scrapeUdp } from "./udp-client.ts";
import { announceWs, scrapeWs } from "./ws-client.ts";

const ANNOUNCE: Readonly<Record<TrackerProtocol, typeof announceUdp>> = {
  udp: announceUdp,
  http: announceHttp,
  https: announceHttp,
  ws: announceWs,
  wss: announceWs,
};

const SCRAPE: Readonly<Record<TrackerProtocol, typeof scrapeUdp>> = {
  udp: scrapeUdp,
  http: scrapeHttp,
  https: scrapeHttp,
  ws: scrapeWs,
  wss: scrapeWs,
};

/** Announces to the tracker at `url` (udp, http, https, ws or wss). Throws `ClientError`. */
export async function announce(
  url: string,
  request: AnnounceRequest,
  options: RequestOptions = {},
): Promise<AnnounceResult> {
  const tracker = parseTrackerUrl(url);
  return await ANNOUNCE[tracker.protocol](tracker, fullAnnounce(request), options);
}

/** Asks the tracker at `url` for the counts of torrents, 20 bytes each. Throws `ClientError`. */
export async function scrape(
  url: string,
  infoHashes: readonly Uint8Array[],
  options: RequestOptions = {},
): Promise<ScrapeResult> {
  const tracker = parseTrackerUrl(url);
  if (infoHashes.length === 0) throw new ClientError("url", "a scrape needs an info hash");
  for (const infoHash of infoHashes) requireInfoHash(infoHash);
  return await SCRAPE[tracker.protocol](tracker, infoHashes, options);
}
