/**
 * The nouns of the field that every protocol shares: info hash, peer id and client, announce event, addresses.
 *
 * Pure: no I/O, no clock, no `node:` module.
 */
export {
  type AnnounceEvent,
  announceEventName,
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from "./announce-event.ts";
export { type Cidr, cidrContains, formatCidr, parseCidr, wholeFamilies } from "./cidr.ts";
export { type Client, detectClient } from "./client-name.ts";
export {
  hexDigitValue,
  INFO_HASH_BYTES,
  INFO_HASH_HEX_CHARACTERS,
  INFO_HASH_WORDS,
  infoHashToHex,
  PEER_ID_BYTES,
} from "./info-hash.ts";
export {
  canonicalAddress,
  formatIpAddress,
  IPV4_BYTES,
  IPV6_BYTES,
  isMappedIpv4,
  parseIpAddress,
} from "./ip-address.ts";
export {
  ADDRESS_REFUSED_TEXT,
  BUSY_TEXT,
  PEERS_OF_ADDRESS_TEXT,
  SCRAPES_OF_ADDRESS_TEXT,
  TORRENT_REFUSED_TEXT,
  TORRENTS_OF_ADDRESS_TEXT,
} from "./refusals.ts";
export { formatSocketAddress, type SocketAddress } from "./socket-address.ts";
