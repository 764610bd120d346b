/**
 * A load on one tracker: opens the clients at an even pace, gives each its torrents, and counts for all of them.
 * Everything runs in one thread; a second generator is a second process.
 */
import { nowMicroseconds, Tally } from "../tally.ts";
import { LoadClient, WS_KINDS } from "./load-client.ts";
import { type LoadCounts, noCounts } from "./load-counts.ts";
import type { LoadOptions } from "./load-options.ts";
import type { IdleClient, LeavingClient, LoadShared, LoadTorrent } from "./load-shared.ts";
import { AnnounceFrames, idLiteral, makeInfoHash } from "./request-frames.ts";

/** How often new connections are opened and silent ones looked for. */
const TICK_MS = 20;
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
  /** By number. */
  readonly #clients = new Map<number, LoadClient>();
  /** Clients that have come so far; each has a number of its own. */
  #came = 0;
  /** Open clients without a request, for a target rate. */
  readonly #idle: IdleClient[] = [];
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;
  /** When the first request of a target rate was due; 0 before all clients have come. */
  #rateStartMicros = 0;
  #issued = 0;
  #isDraining = false;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#torrents = Array.from({ length: options.torrents }, (_, number) => {
      const infoHash = makeInfoHash(number);
      return { number, infoHash, literal: idLiteral(infoHash) };
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
      onLeave: (client) => this.#replace(client),
      onIdle: (client) => this.#becameIdle(client),
    };
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** When requests began, on the clock of `nowMicroseconds`; 0 before a target rate has begun. */
  get beganMicros(): number {
    return this.#options.targetRate > 0 ? this.#rateStartMicros : this.#startedMs * 1000;
  }

  /** Sends no more requests. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Whether a request has no reply yet. */
  get isWaiting(): boolean {
    for (const client of this.#clients.values()) if (client.isWaiting) return true;
    return false;
  }

  /** Sends the requests that are due by now. To be called often, where there is a target rate. */
  sendDue(): void {
    const { targetRate, connections } = this.#options;
    if (targetRate === 0 || this.#isDraining) return;
    const { counts } = this;
    const now = nowMicroseconds();
    if (this.#rateStartMicros === 0) {
      if (counts.connections + counts.lost < connections) return;
      this.#rateStartMicros = now;
    }
    const microsEach = 1_000_000 / targetRate;
    for (;;) {
      const due = this.#rateStartMicros + this.#issued * microsEach;
      if (due > now) return;
      const client = this.#idle.pop();
      if (client === undefined) return;
      if (!client.isOpen) continue;
      client.request(due);
      this.#issued++;
    }
  }

  /** Closes every connection; the counts stay. */
  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients.values()) client.close();
  }

  #tick(): void {
    const now = performance.now();
    const { connections, connectsPerSecond } = this.#options;
    const due = 1 + ((now - this.#startedMs) * connectsPerSecond) / 1000;
    while (this.#clients.size < Math.min(due, connections)) this.#open();
    for (const client of this.#clients.values())
      client.insist(now, this.#options.timeoutMilliseconds);
  }

  #open(): void {
    const own = new Set<LoadTorrent>();
    for (let index = 0; index < this.#options.torrentsPerConnection; index++)
      own.add(this.#drawTorrent());
    this.#come([...own]);
  }

  #come(torrents: readonly LoadTorrent[], leaver?: LeavingClient): void {
    const number = this.#came++;
    this.#clients.set(number, new LoadClient(this.#shared, number, torrents, leaver));
  }

  /** A client has left: another comes to the same torrents. */
  #replace(leaver: LeavingClient): void {
    this.#shared.frames.book.leave(leaver.number);
    this.#clients.delete(leaver.number);
    if (!this.#isDraining) this.#come(leaver.torrents, leaver);
  }

  #becameIdle(client: IdleClient): boolean {
    if (this.#isDraining) return true;
    if (this.#options.targetRate === 0) return false;
    // The one that has waited longest is the next: all take part, at whatever rate.
    this.#idle.unshift(client);
    return true;
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
