/** The service `cleaning`: one thread that forgets expired peers, see cleaning-worker.ts. It serves no protocol. */
import { logKeys, startGroup, workerModule } from "@swarmtide/runtime";
import {
  PeersPerTorrentCells,
  type StatisticsConfig,
  statisticsSection,
  type TorrentPassSettings,
} from "@swarmtide/statistics";
import { swarmSection } from "@swarmtide/swarm";
import type { Service, StartContext } from "../service.ts";
import type { CleaningSettings, CleaningSetup } from "./cleaning-worker.ts";

const sections = {
  log_level: logKeys.log_level,
  swarm: swarmSection,
  statistics: statisticsSection,
};

export const cleaningService: Service<typeof sections> = {
  name: "cleaning",
  sections,
  threads: () => 1,
  bind: ({ swarm, statistics, logLevel }) => ({
    protocols: [],
    close() {},
    start(context) {
      const { store, startedSeconds, logSettings: log, onDeath } = context;
      const cells = PeersPerTorrentCells.create();
      let isCounting = statistics.peersPerTorrent;
      const setup: CleaningSetup = { store: store.handle, startedSeconds, log };
      const group = startGroup<CleaningSetup, CleaningSettings>({
        entry: workerModule(import.meta.url, "cleaning-worker"),
        workers: [{ name: "cleaning", setup }],
        settings: {
          ...{ config: swarm, accessList: context.accessList, logLevel },
          pass: passSettings(statistics, cells, context),
        },
        onDeath,
      });
      return {
        ...group,
        counters: [],
        reports: { peersPerTorrent: (now) => (isCounting ? cells.read(now) : null) },
        reload(news, accessList) {
          isCounting = news.statistics.peersPerTorrent;
          group.reload({
            ...{ config: news.swarm, accessList, logLevel: news.logLevel },
            pass: passSettings(news.statistics, cells, context),
          });
          return undefined;
        },
      };
    },
  }),
};

/** What follows each cleaning. A file that a chroot would hide is left out, with a warning. */
function passSettings(
  config: StatisticsConfig,
  cells: PeersPerTorrentCells,
  { log, pathAfterDrop }: StartContext,
): TorrentPassSettings {
  const located = (key: string, path: string): string | undefined => {
    if (path === "") return undefined;
    const found = pathAfterDrop(path);
    if (found === undefined)
      log.warn(
        `statistics.${key} = "${path}": not written, it lies outside of privileges.chroot_path`,
      );
    return found;
  };
  return {
    peersPerTorrent: config.peersPerTorrent ? cells.memory : undefined,
    exportPath: located("export_path", config.exportPath),
    exportByFamilyPath: located("export_by_family_path", config.exportByFamilyPath),
    compression: config.exportCompression,
    exportEvery: config.exportEvery,
  };
}
