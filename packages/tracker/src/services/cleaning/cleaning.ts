/** The service `cleaning`: one thread that forgets expired peers, see cleaning-worker.ts. It serves no protocol. */
import { startGroup, workerModule } from "@swarmtide/runtime";
import { swarmSection } from "@swarmtide/swarm";
import type { Service } from "../service.ts";
import type { CleaningSettings, CleaningSetup } from "./cleaning-worker.ts";

const sections = { swarm: swarmSection };

export const cleaningService: Service<typeof sections> = {
  name: "cleaning",
  sections,
  threads: () => 1,
  bind: ({ swarm }) => ({
    protocols: [],
    close() {},
    start({ store, startedSeconds, logSettings: log, accessList, onDeath }) {
      const setup: CleaningSetup = { store: store.handle, startedSeconds, log };
      const group = startGroup<CleaningSetup, CleaningSettings>({
        entry: workerModule(import.meta.url, "cleaning-worker"),
        workers: [{ name: "cleaning", setup }],
        settings: { config: swarm, accessList },
        onDeath,
      });
      return {
        ...group,
        counters: [],
        reload(news, list) {
          group.reload({ config: news.swarm, accessList: list });
          return undefined;
        },
      };
    },
  }),
};
