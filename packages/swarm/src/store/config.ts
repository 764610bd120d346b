/** [swarm] of the configuration file: the store of all protocols. Read on the main thread. */
import { type ConfigOf, integer, section } from "@swarmtide/toml-config";
import { PEER_AGE_SECONDS_MAX } from "./layout.ts";

/** [swarm]: the peers, of all protocols alike. */
export const swarmSection = section("The swarms: which peers share which torrent.", {
  max_peer_age: integer({
    default: 1200,
    min: 10,
    max: PEER_AGE_SECONDS_MAX,
    unit: "seconds",
    doc: "Time after its last announce at which a peer is forgotten. Keep it above peer_announce_interval.",
  }),
  torrent_cleaning_interval: integer({
    default: 120,
    min: 1,
    max: 86400,
    unit: "seconds",
    doc: "Time between two removals of forgotten peers, empty torrents and torrents that the access list refuses.",
  }),
  max_memory: integer({
    default: 65_536,
    min: 64,
    max: 1_048_576,
    unit: "MiB",
    doc: "Memory the swarms may grow to. It is reserved at the start and taken from the system only as peers arrive; when it is full, new peers are not kept until others leave.",
  }),
});

export type SwarmConfig = ConfigOf<typeof swarmSection>;
