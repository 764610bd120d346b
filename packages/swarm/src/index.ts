/** The swarm store and the access list: everything that the trackers of UDP and HTTP share. */
export {
  type CleaningOptions,
  type InfoHashFilter,
  PEER_AGE_SECONDS_MAX,
  SwarmCleaning,
} from "./cleaning.ts";
export {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  SHARD_COUNT,
  SwarmStore,
  type SwarmStoreHandle,
  type SwarmStoreOptions,
  type SwarmTotals,
} from "./swarm-store.ts";
