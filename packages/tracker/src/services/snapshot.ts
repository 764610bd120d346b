/** The service `snapshot`: one thread that keeps the swarms on disk, so that a restart loses nothing. See service.ts. */
import {
  bindSnapshot,
  type SnapshotSettings,
  snapshotSection,
  startSnapshot,
} from "@swarmtide/snapshot";
import { swarmSection } from "@swarmtide/swarm";
import type { Service } from "./service.ts";

const sections = { snapshot: snapshotSection, swarm: swarmSection };

export const snapshotService: Service<typeof sections> = {
  name: "snapshot",
  sections,
  threads: ({ snapshot }) => (snapshot.path === "" ? 0 : 1),
  bind({ snapshot, swarm }) {
    if (snapshot.path === "") return undefined;
    const binding = bindSnapshot(snapshot);
    return {
      protocols: [],
      close: () => binding.close(),
      start({
        store,
        startedSeconds,
        logSettings,
        accessList,
        log,
        pathAfterDrop,
        onDeath,
        former,
      }) {
        // The process before this one has handed over the swarms themselves.
        if (former !== undefined) binding.close();
        const restored = former === undefined ? binding : { ...binding, file: undefined };
        const path = pathAfterDrop(snapshot.path);
        if (path === undefined)
          log.error(
            `snapshot.path = "${snapshot.path}": lies outside of privileges.chroot_path, so that no snapshot can be written`,
            { code: "SWARMTIDE_OUTSIDE_CHROOT" },
          );
        const settings: SnapshotSettings = { config: snapshot, swarm, accessList };
        const { counters, stopMillisecondsMax, isRestoring, ...group } = startSnapshot({
          ...{
            binding: restored,
            store: store.handle,
            startedSeconds,
            log: logSettings,
            settings,
            onDeath,
          },
          pathAfterDrop: path,
        });
        return {
          ...group,
          counters: [counters],
          isFilling: isRestoring,
          stopsLast: {
            millisecondsMax: stopMillisecondsMax,
            discard() {
              group.reload({ ...settings, config: { ...snapshot, stopTimeout: 0 } });
            },
          },
          reload(news, list) {
            group.reload({ config: news.snapshot, swarm: news.swarm, accessList: list });
            return undefined;
          },
        };
      },
    };
  },
};
