/** [swarm] of the configuration file: the store of all protocols. Read on the main thread. */
import { type ConfigOf, integer, section } from "@swarmtide/toml-config";
import { SHARD_COUNT } from "./hot/change-log.ts";
import { ARENA_BYTES_MAX, KEEP_COMPLETED_DAYS_MAX, PEER_AGE_SECONDS_MAX } from "./layout.ts";

/** Less is not worth a tracker: some million peers take this much. */
export const SWARM_MEMORY_MIB_MIN = 64;
/** The most that `max_memory` may be. */
export const SWARM_MEMORY_MIB_MAX = (SHARD_COUNT * ARENA_BYTES_MAX) / 2 ** 20;

/** [swarm]: the peers, of all protocols alike. */
export const swarmSection = section(
  "The swarms: which peers share which torrent.",
  {
    max_peer_age: integer({
      reload: true,
      default: 1200,
      min: 10,
      max: PEER_AGE_SECONDS_MAX,
      unit: "seconds",
      doc: "Time after its last announce at which a peer is forgotten. It must lie above peer_announce_interval of [udp] and [http] and the 10 % by which replies vary it.",
    }),
    torrent_cleaning_interval: integer({
      reload: true,
      default: 120,
      min: 1,
      max: 86400,
      unit: "seconds",
      doc: "Time between two removals of forgotten peers, empty torrents and torrents that the access list refuses.",
    }),
    keep_completed: integer({
      reload: true,
      default: 30,
      min: 0,
      max: KEEP_COMPLETED_DAYS_MAX,
      unit: "days",
      doc: "How long a torrent whose last peer has left keeps its completed count; 0 forgets it with the peer. Such torrents take at most a sixteenth of the memory, and go first when it is full.",
    }),
    max_memory: integer({
      default: 0,
      min: 0,
      max: SWARM_MEMORY_MIB_MAX,
      unit: "MiB",
      doc: "Memory the swarms may grow to, at least 64. 0 takes a share of what the host or its cgroup has, about half of it; the start line says how much. Addresses are reserved at the start, memory is taken only as peers arrive. When it is full, torrents of a single peer that announced once give way.",
    }),
  },
  ({ maxMemory }) =>
    maxMemory > 0 && maxMemory < SWARM_MEMORY_MIB_MIN
      ? { key: "max_memory", expected: `0 or at least ${SWARM_MEMORY_MIB_MIN} MiB` }
      : undefined,
);

export type SwarmConfig = ConfigOf<typeof swarmSection>;
