/**
 * A load on one tracker: opens the clients at an even pace, gives each its torrents, and counts for all of them.
 * Everything runs in one thread; a second generator is a second process.
 */
import { Tally } from "../tally.ts";
import { LoadClient, type LoadShared, type LoadTorrent, WS_KINDS } from "./load-client.ts";
import { type LoadCounts, noCounts } from "./load-counts.ts";
import type { LoadOptions } from "./load-options.ts";
import { AnnounceFrames, idLiteral, makeInfoHash } from "./request-frames.ts";

/** How often new connections are opened and silent ones looked for. */
const TICK_MS = 20;
/** A tracker may drop a reply to a client that does not keep up; the client goes on after this. */
const PATIENCE_MS = 5000;
/** Different reasons for a lost connection that are kept. */
const REASONS_MAX = 10;

export class LoadTest {
  readonly counts: LoadCounts = noCounts();
  readonly tally = new Tally(WS_KINDS);
  /** Why connections were lost, each reason once, the first ones. */
  readonly reasons = new Set<string>();
  readonly #options: LoadOptions;
  readonly #shared: LoadShared;
  readonly #torrents: readonly LoadTorrent[];
  /** Sums of the weights 1, 1/2, 1/3 … up to each torrent. */
  readonly #weightSums: Float64Array;
  readonly #clients: LoadClient[] = [];
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#torrents = Array.from({ length: options.torrents }, (_, number) => {
      const infoHash = makeInfoHash(number);
      return { infoHash, literal: idLiteral(infoHash) };
    });
    this.#weightSums = new Float64Array(options.torrents);
    let sum = 0;
    for (let index = 0; index < options.torrents; index++) {
      sum += 1 / (index + 1);
      this.#weightSums[index] = sum;
    }
    this.#shared = {
      options,
      counts: this.counts,
      tally: this.tally,
      frames: new AnnounceFrames(options.offers, options.sdpBytes),
      onLost: (reason) => {
        if (this.reasons.size < REASONS_MAX) this.reasons.add(reason);
      },
    };
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** Closes every connection; the counts stay. */
  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close();
  }

  #tick(): void {
    const now = performance.now();
    const { connections, connectsPerSecond } = this.#options;
    const due = 1 + ((now - this.#startedMs) * connectsPerSecond) / 1000;
    while (this.#clients.length < Math.min(due, connections)) this.#open();
    for (const client of this.#clients) client.insist(now, PATIENCE_MS);
  }

  #open(): void {
    const own = new Set<LoadTorrent>();
    for (let index = 0; index < this.#options.torrentsPerConnection; index++)
      own.add(this.#drawTorrent());
    this.#clients.push(new LoadClient(this.#shared, this.#clients.length, [...own]));
  }

  #drawTorrent(): LoadTorrent {
    const sums = this.#weightSums;
    const wanted = Math.random() * (sums.at(-1) ?? 0);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    const torrent = this.#torrents[low];
    if (torrent === undefined) throw new Error("A load without torrents");
    return torrent;
  }
}
