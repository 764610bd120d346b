/**
 * What the statistics server answers: to each path its body, made at most once a second from the collector's snapshot and
 * kept for whoever asks within that second. Knows no sockets. Main thread.
 */
import { gzip } from "node:zlib";
import type { StatisticsCollector } from "../collect/collector.ts";
import type { PageFile } from "./page-files.ts";
import type { PrometheusText } from "./prometheus.ts";

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** The same, compressed, for those who take it. */
  readonly gzipped: Buffer | undefined;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";
/** Less is not worth it. */
const GZIP_BYTES_MIN = 1024;

export const textAnswer = (status: number, text: string): Answer => ({
  ...{ status, contentType: TEXT, gzipped: undefined },
  body: Buffer.from(`${text}\n`),
});

/** Made for one second, or being made. */
interface Kept {
  readonly of: object;
  readonly answer: Promise<Answer>;
}

export class Answers {
  readonly #collector: StatisticsCollector;
  readonly #prometheus: PrometheusText;
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #kept = new Map<string, Kept>();

  constructor(
    collector: StatisticsCollector,
    prometheus: PrometheusText,
    files: ReadonlyMap<string, PageFile>,
  ) {
    this.#collector = collector;
    this.#prometheus = prometheus;
    this.#files = files;
  }

  /** Undefined where there is no such path. */
  async find(path: string, query: URLSearchParams): Promise<Answer | undefined> {
    const { latest } = this.#collector;
    switch (path) {
      case "/health":
        return textAnswer(200, "ok");
      case "/ready":
        return latest.stats.process.isReady
          ? textAnswer(200, "ready")
          : textAnswer(503, "not ready");
      case "/metrics":
        return await this.#once(path, latest, this.#prometheus.contentType, () =>
          this.#prometheus.render(latest),
        );
      case "/api/stats": {
        const withHistory = query.get("history") !== "none";
        return await this.#once(`${path} ${withHistory}`, latest, JSON_TYPE, () =>
          JSON.stringify({
            ...latest.stats,
            history: withHistory ? this.#collector.history : null,
          }),
        );
      }
      default: {
        const file = this.#files.get(path);
        return file && (await this.#once(path, file, file.contentType, () => file.bytes));
      }
    }
  }

  /** Makes an answer of something, once for as long as that stays. */
  #once(
    key: string,
    of: object,
    contentType: string,
    make: () => string | Buffer | Promise<string>,
  ): Promise<Answer> {
    const kept = this.#kept.get(key);
    if (kept?.of === of) return kept.answer;
    const answer = (async () => {
      const body = Buffer.from(await make());
      const gzipped = body.length < GZIP_BYTES_MIN ? undefined : await compressed(body);
      return { status: 200, contentType, body, gzipped };
    })();
    this.#kept.set(key, { of, answer });
    return answer;
  }
}

/** On a thread of libuv. */
const compressed = (body: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    gzip(body, { level: 1 }, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
  });
