/**
 * A load of WebTorrent clients as `load-test ws` runs it: for its duration or until it is told to stop. Each client waits
 * for its reply before it asks again, and reads all it is sent.
 */
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { nowMicroseconds, type Tally } from "../tally.ts";
import type { WsLoadConfig } from "./config.ts";
import { DEFAULT_LOAD } from "./load-options.ts";
import { LoadTest } from "./load-test.ts";

const TICK_MILLISECONDS = 20;

export class WsLoad {
  readonly tally: Tally;
  /** How long requests were sent for. */
  seconds = 0;
  readonly #load: LoadTest;
  readonly #durationSeconds: number;
  readonly #hasRate: boolean;
  #isStopping = false;

  constructor(config: WsLoadConfig) {
    const { torrents, duration } = config;
    this.#durationSeconds = duration > 0 ? duration : Number.POSITIVE_INFINITY;
    this.#hasRate = config.targetRate > 0;
    this.#load = new LoadTest({
      ...DEFAULT_LOAD,
      ...config.serverAddress,
      tls: config.enableTls,
      connections: config.numConnections,
      connectsPerSecond: config.connectionsPerSecond,
      sourceAddresses: config.sourceAddresses,
      requestsPerConnection: config.requestsPerConnection,
      tlsResumeShare: config.tlsResumeShare,
      torrents: torrents.numberOfTorrents,
      torrentsPerConnection: torrents.torrentsPerConnection,
      offers: torrents.offersPerRequest,
      sdpBytes: torrents.sdpBytes,
      answerShare: torrents.answerShare,
      scrapeShare: torrents.scrapeShare,
      pauseSeconds: config.pause,
      targetRate: config.targetRate,
      timeoutMilliseconds: config.timeout,
    });
    this.tally = this.#load.tally;
  }

  /** Ends `run` soon. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Runs the load to its end, waits for the last replies and closes the connections. */
  async run(): Promise<void> {
    this.#load.start();
    while (!this.#isStopping && this.#elapsedSeconds() < this.#durationSeconds) {
      this.#load.sendDue();
      await (this.#hasRate ? nextTurn() : delay(TICK_MILLISECONDS));
    }
    this.seconds = this.#elapsedSeconds();
    this.#load.drain();
    while (this.#load.isWaiting) await delay(TICK_MILLISECONDS);
    this.#load.stop();
  }

  #elapsedSeconds(): number {
    const { beganMicros } = this.#load;
    return beganMicros === 0 ? 0 : (nowMicroseconds() - beganMicros) / 1_000_000;
  }
}
