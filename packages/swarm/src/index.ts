/**
 * What the trackers of all protocols share: the rules of an announce (announce/), the swarm store (store/), the access
 * list and the clock.
 */
export {
  ACCESS_LIST_ENTRIES_MAX,
  ACCESS_LIST_MODES,
  AccessList,
  type AccessListHandle,
  type AccessListMode,
} from "./access-list/access-list.ts";
export {
  AccessListError,
  AccessListParser,
} from "./access-list/access-list-file.ts";
export { type AccessListConfig, accessListSection } from "./access-list/config.ts";
export { Admission, EVERY_TORRENT, type InfoHashFilter } from "./announce/hot/admission.ts";
export { Announce, portInPacketOrder } from "./announce/hot/announce.ts";
export { AnnounceInterval, INTERVAL_JITTER } from "./announce/hot/interval.ts";
export { PEER_ID_SAMPLE_ONE_IN, PeerIdSample } from "./announce/hot/peer-id-sample.ts";
export {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_PAUSED,
  ANNOUNCE_SEEDER,
  ANNOUNCE_STOPPED,
  announceFlags,
  LEFT_UNKNOWN,
} from "./announce/hot/role.ts";
export { makePeerIdSample, PeerIdSampleReader } from "./announce/peer-id-sample-reader.ts";
export { monotonicSeconds, openClock, openServedClock, Standstills } from "./clock.ts";
export {
  AddressListError,
  type AddressListHandle,
  buildAddressList,
  buildAddressListInSlices,
} from "./limits/address-list.ts";
export { type LimitsConfig, limitsSection, limitsWithin } from "./limits/config.ts";
export type { AddressRanges } from "./limits/hot/address-ranges.ts";
export { REFUSED_PEERS_OF_ADDRESS } from "./limits/hot/announce-limits.ts";
export type { RecentAnnounces } from "./limits/hot/recent-announces.ts";
export { countsByAddress } from "./limits/limits.ts";
export {
  type AnnounceRingHandle,
  attachAnnounceRing,
  createAnnounceRing,
  openAnnounceRing,
  setRenewalInterval,
} from "./store/announce-rings.ts";
export { ChangeReader, ChangeTaker, LostChanges, type StoreTotals } from "./store/changes.ts";
export { type CleaningOptions, SwarmCleaning } from "./store/cleaning.ts";
export {
  SWARM_MEMORY_MIB_MAX,
  SWARM_MEMORY_MIB_MIN,
  type SwarmConfig,
  swarmSection,
} from "./store/config.ts";
export {
  ANNOUNCE_RECORD_WORDS,
  RECORD_ADDRESS_AT,
  RECORD_AGE_AT,
  RECORD_AGE_MAX,
  RECORD_COUNTED,
  RECORD_FLAGS_AT,
  RECORD_IPV6,
  RECORD_PORT_AT,
} from "./store/hot/announce-record.ts";
export type { AnnounceRingReader } from "./store/hot/announce-ring.ts";
export { CHANGE_WORDS, SHARD_COUNT } from "./store/hot/change-log.ts";
export { SwarmPrefetch } from "./store/hot/prefetch.ts";
export { RemoteAnnounces } from "./store/hot/remote-announces.ts";
export { SwarmStore, type SwarmStoreHandle } from "./store/hot/swarm-store.ts";
export { PEER_AGE_SECONDS_MAX } from "./store/layout.ts";
export {
  attachSwarmStore,
  configureStoreLimits,
  createSwarmStore,
  readSwarmTotals,
  type SwarmStoreOptions,
  type SwarmTotals,
} from "./store/open-store.ts";
export { SwarmRestore, TorrentSlots } from "./store/restore.ts";
export {
  ageOfTail,
  isCountedTail,
  isPausedTail,
  makeTail,
  portOfTail,
  tickOf,
} from "./store/slot-tail.ts";
export { INFO_HASH_STRIDE, SwarmWalk, type WalkOptions } from "./store/walk.ts";
