/** Announces to and scrapes trackers over UDP, HTTP(S) and WebTorrent, and checks how they behave. */
export { type CheckOptions, checkTracker } from "./check.ts";
export { announce, scrape } from "./client.ts";
export { ClientError, type ClientErrorReason } from "./client-error.ts";
export type { Finding, FindingGrade } from "./findings.ts";
export {
  type AnnouncedPeer,
  type AnnounceRequest,
  type AnnounceResult,
  type RequestOptions,
  type RequestTimings,
  type Responder,
  randomPeerId,
  type ScrapedTorrent,
  type ScrapeResult,
} from "./requests.ts";
export {
  parseTrackerUrl,
  scrapePath,
  type TrackerProtocol,
  type TrackerUrl,
} from "./tracker-url.ts";
