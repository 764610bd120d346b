/** The swarm store and the access list: everything that the trackers of UDP and HTTP share. */
export {
  ACCESS_LIST_ENTRIES_MAX,
  ACCESS_LIST_MODES,
  AccessList,
  type AccessListHandle,
  type AccessListMode,
} from "./access-list/access-list.ts";
export { AccessListError, parseAccessList } from "./access-list/access-list-file.ts";
export {
  type CleaningOptions,
  type InfoHashFilter,
  PEER_AGE_SECONDS_MAX,
  SwarmCleaning,
} from "./cleaning.ts";
export { SwarmPrefetch } from "./hot/prefetch.ts";
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
