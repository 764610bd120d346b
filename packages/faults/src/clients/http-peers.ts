/** Announces and scrapes over HTTP and HTTPS, on connections that are kept or made anew, and the reading of counts. */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import {
  announceQueryString,
  encodePercent,
  readAnnounceReply,
  readScrapeReply,
} from "@swarmtide/http-protocol";

const OK = 200;
const DEADLINE_MILLISECONDS = 5000;
/** `stopped` of the announce events. */
const STOPPED = 3;

export interface HttpAnnounce {
  readonly infoHash: Uint8Array;
  readonly port: number;
  readonly left?: number;
  readonly isStopped?: boolean;
}

export class HttpPeers {
  lost = 0;
  answered = 0;
  readonly #port: number;
  readonly #isTls: boolean;
  readonly #deadlineMilliseconds: number;
  readonly #agent: HttpAgent | HttpsAgent;

  /** `kept` connections at most stay open between two requests. */
  constructor(
    port: number,
    { isTls = false, kept = 0, deadlineMilliseconds = DEADLINE_MILLISECONDS } = {},
  ) {
    this.#port = port;
    this.#deadlineMilliseconds = deadlineMilliseconds;
    this.#isTls = isTls;
    const options = { keepAlive: kept > 0, maxSockets: Math.max(kept, 64), maxFreeSockets: kept };
    this.#agent = isTls
      ? new HttpsAgent({ ...options, rejectUnauthorized: false, maxCachedSessions: 0 })
      : new HttpAgent(options);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Leechers and seeders; a text where the tracker refuses, undefined where no answer came. */
  async announce({ infoHash, port, left = 1, isStopped = false }: HttpAnnounce) {
    const query = announceQueryString({
      ...{ infoHash, port, left, peerId: Buffer.from(`-ST0001-${String(port).padStart(12, "0")}`) },
      ...(isStopped ? { event: STOPPED } : {}),
    });
    const body = await this.#get(`/announce?${query}`);
    if (body === undefined) return undefined;
    const reply = readAnnounceReply(body);
    if (reply.failureReason !== undefined) return reply.failureReason;
    return { leechers: reply.incomplete ?? -1, seeders: reply.complete ?? -1 };
  }

  async scrape(infoHash: Uint8Array) {
    const body = await this.#get(`/scrape?info_hash=${encodePercent(infoHash)}`);
    if (body === undefined) return undefined;
    const reply = readScrapeReply(body);
    if (reply.failureReason !== undefined) return undefined;
    const entry = reply.files.get(Buffer.from(infoHash).toString("hex"));
    return { seeders: entry?.complete ?? 0, leechers: entry?.incomplete ?? 0 };
  }

  /** The body of an answer with status 200. */
  async #get(path: string): Promise<Buffer | undefined> {
    const body = await new Promise<Buffer | undefined>((resolve) => {
      const request = (this.#isTls ? httpsRequest : httpRequest)(
        {
          ...{ host: "127.0.0.1", port: this.#port, path, agent: this.#agent },
          timeout: this.#deadlineMilliseconds,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("end", () =>
            resolve(response.statusCode === OK ? Buffer.concat(chunks) : undefined),
          );
        },
      );
      request.on("timeout", () => request.destroy(new Error("late")));
      request.on("error", () => resolve(undefined));
      request.end();
    });
    if (body === undefined) this.lost++;
    else this.answered++;
    return body;
  }
}
