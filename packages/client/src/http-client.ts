/**
 * Announces and scrapes over HTTP and HTTPS (BEP 3, 7, 23, 48), one connection for each request.
 *
 * node:http speaks; this file says where to connect, measures, and reads the bencoded body.
 */
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { infoHashToHex } from "@swarmtide/bittorrent";
import {
  announceQueryString,
  encodePercent,
  readAnnounceReply,
  readScrapeReply,
} from "@swarmtide/http-protocol";
import { ClientError } from "./client-error.ts";
import { type Deadline, openDeadline } from "./deadline.ts";
import type {
  AnnounceResult,
  FullAnnounce,
  RequestOptions,
  Responder,
  ScrapedTorrent,
  ScrapeResult,
} from "./requests.ts";
import { type Resolved, resolveTracker } from "./resolve.ts";
import { parseTrackerUrl, scrapePath, type TrackerUrl } from "./tracker-url.ts";

/** A thousand peers in dictionaries are 90 KB, 74 scraped torrents 6 KB. */
const BODY_BYTES_MAX = 1 << 20;
const REDIRECTS_MAX = 5;

interface Answer extends Responder {
  readonly body: Uint8Array;
}

interface Target {
  readonly url: TrackerUrl;
  readonly path: string;
}

/** What one connection brought: a body, or another place to ask. */
interface Received {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: Uint8Array;
  readonly connectMilliseconds: number;
}

/** Follows redirects, as clients do. */
async function get(url: TrackerUrl, path: string, options: RequestOptions): Promise<Answer> {
  const deadline = openDeadline(url, options);
  let target: Target = { url, path };
  for (let redirects = 0; ; redirects++) {
    const to = await resolveTracker(target.url, options, deadline);
    const resolveMilliseconds = deadline.step();
    const { status, location, body, connectMilliseconds } = await receive(
      target,
      to,
      options,
      deadline,
    );
    if (location === undefined) {
      // Trackers put their reasons into a bencoded body whatever the status is.
      if (status >= 400 && body[0] !== "d".charCodeAt(0))
        throw new ClientError("refused", `${to.responder} refused: HTTP status ${status}`);
      const responseMilliseconds = deadline.step();
      return {
        responder: to.responder,
        family: to.family,
        timings: { resolveMilliseconds, connectMilliseconds, responseMilliseconds },
        body,
      };
    }
    if (redirects === REDIRECTS_MAX)
      throw new ClientError("malformed", `${url.href} redirects more than ${REDIRECTS_MAX} times`);
    target = redirected(target, location);
    deadline.step();
  }
}

function redirected(from: Target, location: string): Target {
  const base = new URL(from.path, from.url.href);
  if (!URL.canParse(location, base.href))
    throw new ClientError(
      "malformed",
      `${from.url.href} redirects to "${location}", which is not a URL`,
    );
  const to = new URL(location, base);
  const url = parseTrackerUrl(to.href);
  if (url.protocol !== "http" && url.protocol !== "https")
    throw new ClientError(
      "malformed",
      `${from.url.href} redirects to ${to.href}, which is not HTTP`,
    );
  return { url, path: `${to.pathname}${to.search}` };
}

function receive(
  { url, path }: Target,
  to: Resolved,
  options: RequestOptions,
  deadline: Deadline,
): Promise<Received> {
  const isTls = url.protocol === "https";
  const start = isTls ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    let connectMilliseconds = 0;
    const fail = (error: Error) => {
      if (deadline.signal.aborted) reject(deadline.error("an answer"));
      else if (error instanceof ClientError) reject(error);
      else reject(new ClientError("unreachable", `${to.responder}: ${error.message}`));
    };
    const request = start({
      host: to.address,
      port: url.port,
      path,
      agent: false,
      signal: deadline.signal,
      rejectUnauthorized: !options.isInsecure,
      ...(isIP(url.host) ? {} : { servername: url.host }),
      headers: {
        Host: new URL(url.href).host,
        "User-Agent": "swarmtide-client",
        Connection: "close",
      },
    });
    request.once("socket", (socket) => {
      socket.once(isTls ? "secureConnect" : "connect", () => {
        connectMilliseconds = deadline.step();
      });
    });
    request.once("error", fail);
    request.once("response", (response) => {
      readBody(response, to).then((body) => {
        const { statusCode: status = 0, headers } = response;
        const isRedirect = status >= 300 && status < 400;
        const location = isRedirect ? headers.location : undefined;
        resolve({ status, location, body, connectMilliseconds });
      }, fail);
    });
    request.end();
  });
}

async function readBody(response: IncomingMessage, to: Resolved): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response) {
    pieces.push(piece);
    length += piece.length;
    if (length > BODY_BYTES_MAX)
      throw new ClientError("malformed", `${to.responder} sent more than ${BODY_BYTES_MAX} bytes`);
  }
  return Buffer.concat(pieces);
}

/** Runs a reader of bodies; what it throws names the tracker. */
function readReply<Reply extends { readonly failureReason?: string | undefined }>(
  answer: Answer,
  read: (body: Uint8Array) => Reply,
): Extract<Reply, { failureReason?: undefined }> {
  let reply: Reply;
  try {
    reply = read(answer.body);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ClientError("malformed", `${answer.responder} sent no tracker's answer: ${message}`);
  }
  if (reply.failureReason !== undefined)
    throw new ClientError("refused", `${answer.responder} refused: ${reply.failureReason}`);
  return reply as Extract<Reply, { failureReason?: undefined }>;
}

const withQuery = (path: string, query: string) =>
  `${path}${path.includes("?") ? "&" : "?"}${query}`;

/** Announces over HTTP or HTTPS. Throws `ClientError`. */
export async function announceHttp(
  url: TrackerUrl,
  announce: FullAnnounce,
  options: RequestOptions,
): Promise<AnnounceResult> {
  const { peersWanted, ...required } = announce;
  const query = announceQueryString({
    ...required,
    compact: true,
    ...(peersWanted === undefined ? {} : { peersWanted }),
  });
  const answer = await get(url, withQuery(url.announcePath, query), options);
  const reply = readReply(answer, readAnnounceReply);
  const { minIntervalSeconds, complete, incomplete, downloaded, warning } = reply;
  return {
    responder: answer.responder,
    family: answer.family,
    timings: answer.timings,
    intervalSeconds: reply.intervalSeconds,
    ...(minIntervalSeconds === undefined ? {} : { minIntervalSeconds }),
    ...(complete === undefined ? {} : { seeders: complete }),
    ...(incomplete === undefined ? {} : { leechers: incomplete }),
    ...(downloaded === undefined ? {} : { completed: downloaded }),
    ...(warning === undefined ? {} : { warning }),
    peers: reply.peers.map(({ address, port }) => ({ address, port })),
  };
}

/** Scrapes over HTTP or HTTPS. Throws `ClientError`. */
export async function scrapeHttp(
  url: TrackerUrl,
  infoHashes: readonly Uint8Array[],
  options: RequestOptions,
): Promise<ScrapeResult> {
  const query = infoHashes.map((hash) => `info_hash=${encodePercent(hash)}`).join("&");
  const answer = await get(url, withQuery(scrapePath(url), query), options);
  const { files } = readReply(answer, readScrapeReply);
  const torrents: ScrapedTorrent[] = [];
  for (const hash of infoHashes) {
    const infoHash = infoHashToHex(hash);
    const file = files.get(infoHash);
    if (file === undefined) continue;
    const { complete, downloaded, incomplete } = file;
    torrents.push({ infoHash, seeders: complete, completed: downloaded, leechers: incomplete });
  }
  return {
    responder: answer.responder,
    family: answer.family,
    timings: answer.timings,
    torrents,
  };
}
