/** A small store with limits, and announces from addresses as one writes them. For tests only. */
import { parseIpAddress } from "@swarmtide/bittorrent";
import { Announce, portInPacketOrder } from "../../announce/hot/announce.ts";
import { ANNOUNCE_SEEDER, ANNOUNCE_STOPPED } from "../../announce/hot/role.ts";
import { createSwarmStore } from "../../store/open-store.ts";
import { infoHashOf } from "../../store/testing/peers.ts";
import type { LimitsConfig } from "../config.ts";

export const NO_LIMITS: LimitsConfig = {
  minAnnounceInterval: 0,
  maxPeersPerAddress: 0,
  maxTorrentsPerAddress: 0,
  maxScrapesPerAddress: 0,
  addressListMode: "off",
  addressListPath: "",
  exempt: [],
};

export const limitedStore = (limits: Partial<LimitsConfig>) =>
  createSwarmStore({ memoryBytesMax: 2 ** 26, limits: { ...NO_LIMITS, ...limits } });

/** An announce to the torrent of this number by the peer at the address; a leecher without an event that wants 50 peers. */
export function announceFrom(
  address: string,
  fields: {
    torrent?: number;
    port?: number;
    seeder?: boolean;
    stopped?: boolean;
    hasEvent?: boolean;
  } = {},
): Announce {
  const bytes = parseIpAddress(address);
  if (bytes === undefined) throw new TypeError(`${address} is not an IP address`);
  const words = new Int32Array(bytes.length / 4);
  new Uint8Array(words.buffer).set(bytes);
  const announce = new Announce(infoHashOf(fields.torrent ?? 1), words, new Uint16Array(1024));
  announce.family = bytes.length === 4 ? 4 : 6;
  announce.port = portInPacketOrder(fields.port ?? 6881);
  announce.hasEvent = fields.hasEvent ?? false;
  announce.flags =
    (fields.seeder === true ? ANNOUNCE_SEEDER : 0) |
    (fields.stopped === true ? ANNOUNCE_STOPPED : 0);
  announce.peersWanted = 50;
  return announce;
}
