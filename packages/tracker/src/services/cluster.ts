/** The service `cluster`: one thread that shares the swarms with other nodes. It serves no protocol. See service.ts. */
import {
  type Access,
  clusterSection,
  nodeNameOf,
  readAccess,
  startCluster,
} from "@swarmtide/cluster";
import { codeField } from "@swarmtide/runtime";
import { limitsSection, swarmSection } from "@swarmtide/swarm";
import type { ReloadOutcome, Service, ServiceConfig } from "./service.ts";

const sections = { cluster: clusterSection, swarm: swarmSection, limits: limitsSection };

type Config = ServiceConfig<typeof sections>;

/** A process that takes over has everything but what others sent while the swarms changed hands. */
const TAKE_OVER_SECONDS = 120;

export const clusterService: Service<typeof sections> = {
  name: "cluster",
  sections,
  threads: ({ cluster }) => (isOff(cluster) ? 0 : 1),
  look({ cluster }) {
    if (isOff(cluster)) return [];
    readAccess(cluster);
    const { servers, subject } = cluster;
    return [
      `cluster: node ${nodeNameOf(cluster)} at ${servers.join(" or ")}, subjects ${subject}.v1.>`,
    ];
  },
  bind({ cluster, swarm, limits }) {
    if (isOff(cluster)) return undefined;
    let access = readAccess(cluster);
    return {
      protocols: [],
      close() {},
      start(context) {
        const { log, store, startedSeconds, logSettings, accessList, former } = context;
        const links = context.cluster;
        if (links === undefined) throw new Error("the cluster is on and has no links");
        links.setRenewals(cluster.renewals);
        const { counters, isJoining, ...group } = startCluster({
          ...{ config: cluster, store: store.handle, startedSeconds, log: logSettings },
          ...{ rings: links.rings, channels: links.channels, onDeath: context.onDeath },
          settings: { access, swarm, limits, accessList },
          joinAgeSeconds: former === undefined ? undefined : TAKE_OVER_SECONDS,
        });
        return {
          ...group,
          counters: [counters],
          isJoining,
          reload(news, list) {
            const { outcome, fresh } = rereadAccess(news.cluster, context.pathAfterDrop);
            access = fresh ?? access;
            links.setRenewals(news.cluster.renewals);
            group.reload({ access, swarm: news.swarm, limits: news.limits, accessList: list });
            if (outcome?.isSuccess === false) log.error(outcome.text, { ...outcome.fields });
            return outcome;
          },
        };
      },
    };
  },
};

const isOff = ({ servers }: Config["cluster"]): boolean => servers.length === 0;

interface Reread {
  /** Undefined where a file cannot be read. */
  readonly fresh: Access | undefined;
  /** Undefined where there are no files. */
  readonly outcome: (ReloadOutcome & { readonly fields?: object }) | undefined;
}

function rereadAccess(
  config: Config["cluster"],
  locate: (path: string) => string | undefined,
): Reread {
  try {
    const fresh = readAccess(config, locate);
    const { credentials, nkeySeed, tlsCa, tlsCertificate } = fresh;
    const hasFiles = [credentials, nkeySeed, tlsCa, tlsCertificate].some((text) => text !== "");
    const outcome = { isSuccess: true, text: "files of [cluster]" };
    return { fresh, outcome: hasFiles ? outcome : undefined };
  } catch (error) {
    const text = `${error instanceof Error ? error.message : error}; the former files stay in use`;
    return { fresh: undefined, outcome: { isSuccess: false, text, fields: codeField(error) } };
  }
}
