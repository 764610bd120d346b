/**
 * The cleaning thread: at an interval, one pass over the swarm store that removes expired peers, empty torrents and
 * torrents that the access list refuses. Started by `startTracker`; owns nothing but its place in the pass. It works in
 * slices (see SwarmCleaning), so that no request waits for it longer than some ten microseconds. After it come the statistics
 * that need all torrents, in steps as short (see TorrentPass).
 */
import {
  createLogger,
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
  type SwarmStoreHandle,
} from "@swarmtide/swarm";
import { FullStoreNotice } from "./full-store-notice.ts";

/** What the thread keeps for its whole life. */
export interface CleaningSetup {
  readonly store: SwarmStoreHandle;
  readonly log: LogSettings;
  /** Zero of the store's clock, see `openClock`. */
  readonly startedSeconds: number;
  /** What follows each cleaning. */
  readonly pass: TorrentPassSettings;
}

/** What a reload replaces. */
export interface CleaningSettings {
  readonly config: SwarmConfig;
  readonly accessList: AccessListHandle;
  readonly logLevel: LogLevel;
}

/** How often the thread looks whether a pass is due. */
const LOOK_MILLISECONDS = 1000;
const SECONDS_PER_DAY = 86_400;
/** How often a pass looks whether to stop. */
const SLICES_PER_LOOK = 256;

function openCleaning(
  setup: CleaningSetup,
  firstSettings: CleaningSettings,
): Serving<CleaningSettings> {
  const store = attachSwarmStore(setup.store);
  const log = createLogger(setup.log, "cleaning");
  const nowSeconds = openClock(setup.startedSeconds);
  let settings = firstSettings;
  let passSeconds = nowSeconds();
  const notice = new FullStoreNotice(Math.floor((store.arenaBytes * SHARD_COUNT) / 2 ** 20));
  const standstills = new Standstills(passSeconds);
  const look = () => {
    const lost = standstills.look(nowSeconds());
    if (lost > 0)
      log.warn(
        `the process stood still for ${Math.round(lost)} s; peers are kept for as long on top of swarm.max_peer_age`,
      );
  };
  const pass = new TorrentPass(setup.pass);
  const passOver = (steering: Steering) => {
    let steps = 0;
    const goesOn = () => {
      if (++steps % SLICES_PER_LOOK !== 0) return true;
      look();
      return steering.goesOn();
    };
    const startedMilliseconds = performance.now();
    try {
      const result = pass.run(store, goesOn);
      if (result === undefined) return;
      const milliseconds = Math.round(performance.now() - startedMilliseconds);
      log.debug("torrents counted", { torrents: result.torrents, milliseconds });
      for (const file of result.files) log.debug("torrents exported", { file, milliseconds });
    } catch (error) {
      log.error(`export of all torrents: ${error instanceof Error ? error.message : error}`);
    }
  };
  return {
    reload(news) {
      settings = news;
      log.setLevel(news.logLevel);
    },
    run(steering) {
      while (steering.sleep(LOOK_MILLISECONDS)) {
        look();
        const startSeconds = nowSeconds();
        const line = notice.look(readSwarmTotals(store), startSeconds);
        if (line !== undefined) log.warn(line);
        if (startSeconds < passSeconds + settings.config.torrentCleaningInterval) continue;
        const cleaning = new SwarmCleaning(store, {
          nowSeconds: startSeconds,
          peerAgeSecondsMax: standstills.peerAgeSecondsMax(
            startSeconds,
            settings.config.maxPeerAge,
          ),
          keepCompletedSeconds: settings.config.keepCompleted * SECONDS_PER_DAY,
          accessList: AccessList.attach(settings.accessList),
        });
        for (let slices = 1; cleaning.step(); slices++) {
          if (slices % SLICES_PER_LOOK !== 0) continue;
          look();
          if (!steering.goesOn()) return;
        }
        passSeconds = nowSeconds();
        log.debug("cleaned", {
          peersRemoved: cleaning.peersRemoved,
          torrentsRemoved: cleaning.torrentsRemoved,
          torrentsKept: cleaning.torrentsKept,
          milliseconds: Math.round((passSeconds - startSeconds) * 1000),
        });
        passOver(steering);
      }
    },
    stop() {},
  };
}

await runWorker(openCleaning);
