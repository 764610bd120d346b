/**
 * The snapshot thread: restores the former snapshot while the others serve already, then writes a new one at an interval, and
 * the last one once all others have stopped. Started by startSnapshot; owns the file and its place in the walk.
 */
import { CounterTable, type CounterTableHandle } from "@swarmtide/metrics";
import { createLogger, type LogSettings, runWorker, type Serving } from "@swarmtide/runtime";
import { attachSwarmStore, openClock, type SwarmStoreHandle } from "@swarmtide/swarm";
import { snapshotCounters } from "./counters.ts";
import { SnapshotKeeper, type SnapshotSettings } from "./keeper.ts";

/** What the thread keeps for its whole life. */
export interface SnapshotSetup {
  readonly store: SwarmStoreHandle;
  readonly log: LogSettings;
  /** Zero of the store's clock, see `openClock`. */
  readonly startedSeconds: number;
  readonly counters: CounterTableHandle<"snapshot">;
  /** As the configuration has it, for the log; and where it is found now, undefined where a chroot hides it. */
  readonly path: string;
  readonly pathAfterDrop: string | undefined;
  /** The former snapshot, opened for reading; undefined where there is none. */
  readonly file: number | undefined;
}

/** How often the thread looks whether a snapshot is due. */
const LOOK_MILLISECONDS = 200;

function openSnapshot(
  setup: SnapshotSetup,
  firstSettings: SnapshotSettings,
): Serving<SnapshotSettings> {
  const nowSeconds = openClock(setup.startedSeconds);
  const log = createLogger(setup.log, "snapshot");
  const keeper = new SnapshotKeeper(
    {
      store: attachSwarmStore(setup.store),
      path: setup.pathAfterDrop,
      log,
      counters: CounterTable.attach(snapshotCounters, setup.counters).row(0),
      nowSeconds,
      unixSeconds: () => Date.now() / 1000,
    },
    firstSettings,
  );
  return {
    reload(news) {
      keeper.settings = news;
    },
    run(steering) {
      if (setup.file !== undefined) keeper.restore(setup.file, setup.path, () => steering.goesOn());
      let lastSeconds = nowSeconds();
      while (steering.sleep(LOOK_MILLISECONDS)) {
        if (nowSeconds() < lastSeconds + keeper.settings.config.interval) continue;
        keeper.write({
          bytesPerSecond: keeper.bytesPerSecond,
          goesOnAfter: (milliseconds) =>
            milliseconds > 0 ? steering.sleep(milliseconds) : steering.goesOn(),
        });
        lastSeconds = nowSeconds();
      }
    },
    stop() {
      const { stopTimeout } = keeper.settings.config;
      if (stopTimeout === 0) return;
      const endSeconds = nowSeconds() + stopTimeout;
      const startSeconds = nowSeconds();
      const isInTime = () => nowSeconds() < endSeconds;
      if (keeper.write({ bytesPerSecond: 0, goesOnAfter: isInTime }))
        log.info(`snapshot ${setup.path}: written`, {
          seconds: Math.round((nowSeconds() - startSeconds) * 100) / 100,
        });
      else if (!isInTime())
        log.error(
          `snapshot ${setup.path}: not written within snapshot.stop_timeout = ${stopTimeout} seconds; the previous one is kept`,
        );
    },
  };
}

await runWorker(openSnapshot);
