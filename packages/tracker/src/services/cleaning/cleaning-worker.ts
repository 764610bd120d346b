/**
 * The cleaning thread: at an interval, one pass over the swarm store that removes expired peers, empty torrents and
 * torrents that the access list refuses. Started by `startTracker`; owns nothing but its place in the pass. It works in
 * slices (see SwarmCleaning), so that no request waits for it longer than some ten microseconds. After it come the statistics
 * that need all torrents, in steps as short (see TorrentPass).
 */
import {
  createLogger,
  type Logger,
  type LogLevel,
  type LogSettings,
  runWorker,
  type Serving,
  type Steering,
} from "@swarmtide/runtime";
import { TorrentPass, type TorrentPassSettings } from "@swarmtide/statistics";
import {
  AccessList,
  type AccessListHandle,
  attachSwarmStore,
  openClock,
  readSwarmTotals,
  SHARD_COUNT,
  Standstills,
  SwarmCleaning,
  type SwarmConfig,
  type SwarmStore,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import { FullStoreNotice } from "./full-store-notice.ts";

/** What the thread keeps for its whole life. */
export interface CleaningSetup {
  readonly store: SwarmStoreHandle;
  readonly log: LogSettings;
  /** Zero of the store's clock, see `openClock`. */
  readonly startedSeconds: number;
}

/** What a reload replaces. */
export interface CleaningSettings {
  readonly config: SwarmConfig;
  readonly accessList: AccessListHandle;
  readonly logLevel: LogLevel;
  /** What follows each cleaning. */
  readonly pass: TorrentPassSettings;
}

/** How often the thread looks whether a pass is due. */
const LOOK_MILLISECONDS = 1000;
const SECONDS_PER_DAY = 86_400;
/** How often a pass looks whether to stop. */
const SLICES_PER_LOOK = 256;

class Cleaning implements Serving<CleaningSettings> {
  readonly #store: SwarmStore;
  readonly #log: Logger;
  readonly #nowSeconds: () => number;
  readonly #notice: FullStoreNotice;
  readonly #standstills: Standstills;
  readonly #pass: TorrentPass;
  #settings: CleaningSettings;
  /** When the last pass ended. */
  #passSeconds: number;

  constructor(setup: CleaningSetup, settings: CleaningSettings) {
    this.#store = attachSwarmStore(setup.store);
    this.#log = createLogger(setup.log, "cleaning");
    this.#nowSeconds = openClock(setup.startedSeconds);
    this.#notice = new FullStoreNotice(
      Math.floor((this.#store.arenaBytes * SHARD_COUNT) / 2 ** 20),
    );
    this.#passSeconds = this.#nowSeconds();
    this.#standstills = new Standstills(this.#passSeconds);
    this.#pass = new TorrentPass(settings.pass);
    this.#settings = settings;
  }

  reload(news: CleaningSettings): void {
    this.#settings = news;
    this.#log.setLevel(news.logLevel);
    this.#pass.configure(news.pass);
  }

  run(steering: Steering): void {
    while (steering.sleep(LOOK_MILLISECONDS)) {
      this.#look();
      const startSeconds = this.#nowSeconds();
      const line = this.#notice.look(readSwarmTotals(this.#store), startSeconds);
      if (line !== undefined) this.#log.warn(line);
      const { torrentCleaningInterval } = this.#settings.config;
      if (startSeconds < this.#passSeconds + torrentCleaningInterval) continue;
      if (!this.#clean(startSeconds, steering)) return;
      this.#passOver(steering);
    }
  }

  stop(): void {}

  /** One pass. False where the program stops meanwhile. */
  #clean(startSeconds: number, steering: Steering): boolean {
    const { config, accessList } = this.#settings;
    const cleaning = new SwarmCleaning(this.#store, {
      nowSeconds: startSeconds,
      peerAgeSecondsMax: this.#standstills.peerAgeSecondsMax(startSeconds, config.maxPeerAge),
      keepCompletedSeconds: config.keepCompleted * SECONDS_PER_DAY,
      accessList: AccessList.attach(accessList),
    });
    for (let slices = 1; cleaning.step(); slices++) {
      if (slices % SLICES_PER_LOOK !== 0) continue;
      this.#look();
      if (!steering.goesOn()) return false;
    }
    this.#passSeconds = this.#nowSeconds();
    this.#log.debug("cleaned", {
      peersRemoved: cleaning.peersRemoved,
      torrentsRemoved: cleaning.torrentsRemoved,
      torrentsKept: cleaning.torrentsKept,
      milliseconds: Math.round((this.#passSeconds - startSeconds) * 1000),
    });
    return true;
  }

  /** Counts the torrents and exports them, where that is asked for. */
  #passOver(steering: Steering): void {
    let steps = 0;
    const goesOn = () => {
      if (++steps % SLICES_PER_LOOK !== 0) return true;
      this.#look();
      return steering.goesOn();
    };
    const startedMilliseconds = performance.now();
    try {
      const result = this.#pass.run(this.#store, goesOn);
      if (result === undefined) return;
      const milliseconds = Math.round(performance.now() - startedMilliseconds);
      this.#log.debug("torrents counted", { torrents: result.torrents, milliseconds });
      for (const file of result.files) this.#log.debug("torrents exported", { file, milliseconds });
    } catch (error) {
      this.#log.error(`export of all torrents: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Tells of a standstill of the process. */
  #look(): void {
    const lost = this.#standstills.look(this.#nowSeconds());
    if (lost > 0)
      this.#log.warn(
        `the process stood still for ${Math.round(lost)} s; peers are kept for as long on top of swarm.max_peer_age`,
      );
  }
}

await runWorker(
  (setup: CleaningSetup, settings: CleaningSettings) => new Cleaning(setup, settings),
);
