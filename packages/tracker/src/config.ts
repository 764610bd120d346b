/**
 * The whole configuration file of the program, composed of the sections of its parts. `swarmtide --print-config` prints
 * it, `startTracker` takes what it reads. Main thread only.
 */
import { logKeys, privilegesSection } from "@swarmtide/runtime";
import { accessListSection, INTERVAL_JITTER, limitsSection } from "@swarmtide/swarm";
import {
  type CheckProblem,
  type ConfigOf,
  type ConfigOptionsOf,
  section,
} from "@swarmtide/toml-config";
import { serviceSections } from "./services/services.ts";

/** The file. */
export const trackerSchema = section(
  "swarmtide, an open BitTorrent tracker. These are the defaults; keys and sections may be left out.",
  {
    ...logKeys,
    ...serviceSections(),
    limits: limitsSection,
    access_list: accessListSection,
    privileges: privilegesSection,
  },
  (values) => shortLife(values) ?? rareRenewals(values),
);

export type TrackerConfig = ConfigOf<typeof trackerSchema>;

/** The keys of the configuration file in camelCase, any of them: what is missing has its default. */
export type TrackerOptions = ConfigOptionsOf<typeof trackerSchema>;

interface Announcing {
  readonly enabled: boolean;
  readonly peerAnnounceInterval: number;
}

/**
 * Objects where peers would be forgotten before they are asked to announce again. WebTorrent has its own `max_peer_age`, which
 * its section checks.
 */
function shortLife({
  udp,
  http,
  swarm,
}: {
  readonly udp: Announcing;
  readonly http: Announcing;
  readonly swarm: { readonly maxPeerAge: number };
}): CheckProblem | undefined {
  for (const [name, { enabled, peerAnnounceInterval }] of Object.entries({ udp, http }))
    if (enabled && swarm.maxPeerAge <= peerAnnounceInterval * (1 + INTERVAL_JITTER))
      return {
        key: "swarm.max_peer_age",
        expected: `above ${name}.peer_announce_interval = ${peerAnnounceInterval} and its 10 % on top`,
      };
  return undefined;
}

/**
 * Objects where the other nodes of a cluster would forget peers between two of the renewals that are sent to them. A peer that is
 * sent early in one interval and announces late in the next is heard of after an interval of its own more (docs/scale.md).
 */
function rareRenewals({
  udp,
  http,
  swarm,
  cluster,
}: {
  readonly udp: Announcing;
  readonly http: Announcing;
  readonly swarm: { readonly maxPeerAge: number };
  readonly cluster: { readonly servers: readonly string[]; readonly renewals: number };
}): CheckProblem | undefined {
  if (cluster.servers.length === 0 || cluster.renewals === 0) return undefined;
  const intervals = [udp, http].map(({ enabled, peerAnnounceInterval }) =>
    enabled ? peerAnnounceInterval : 0,
  );
  const longest = Math.max(...intervals);
  const most = Math.floor(swarm.maxPeerAge - longest - longest * INTERVAL_JITTER);
  if (cluster.renewals <= most) return undefined;
  return {
    key: "cluster.renewals",
    expected: `at most ${most}: swarm.max_peer_age = ${swarm.maxPeerAge} less the longest peer_announce_interval and its 10 %`,
  };
}
