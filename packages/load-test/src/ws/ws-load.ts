/**
 * A load of WebTorrent clients as `load-test ws` runs it: for its duration or until it is told to stop. Each client waits
 * for its reply before it asks again, and reads all it is sent.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Tally } from "../tally.ts";
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
  #isStopping = false;

  constructor(config: WsLoadConfig) {
    const { torrents, duration } = config;
    this.#durationSeconds = duration > 0 ? duration : Number.POSITIVE_INFINITY;
    this.#load = new LoadTest({
      ...DEFAULT_LOAD,
      ...config.serverAddress,
      tls: config.enableTls,
      connections: config.numConnections,
      connectsPerSecond: config.connectionsPerSecond,
      sourceAddresses: config.sourceAddresses,
      torrents: torrents.numberOfTorrents,
      torrentsPerConnection: torrents.torrentsPerConnection,
      offers: torrents.offersPerRequest,
      sdpBytes: torrents.sdpBytes,
      answerShare: torrents.answerShare,
      scrapeShare: torrents.scrapeShare,
      pauseSeconds: config.pause,
    });
    this.tally = this.#load.tally;
  }

  /** Ends `run` soon. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Runs the load to its end and closes the connections; requests that wait then count as neither answered nor lost. */
  async run(): Promise<void> {
    const started = performance.now();
    const elapsedSeconds = (): number => (performance.now() - started) / 1000;
    this.#load.start();
    while (!this.#isStopping && elapsedSeconds() < this.#durationSeconds)
      await delay(TICK_MILLISECONDS);
    this.#load.stop();
    this.seconds = elapsedSeconds();
  }
}
