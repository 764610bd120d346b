/**
 * The keys of [udp] that decide how a request is answered. `config.ts` puts them into the section; the handler of every worker
 * reads them from the configuration it was given, so that a key stands here and where it is used.
 */
import { type ConfigOf, integer, type SectionSchema } from "@swarmtide/toml-config";

export const requestKeys = {
  max_scrape_torrents: integer({
    reload: true,
    default: 74,
    min: 1,
    max: 74,
    doc: "Torrents answered in one scrape; further ones are cut off. BEP 15 leaves room for 74.",
  }),
  max_response_peers: integer({
    reload: true,
    default: 30,
    min: 1,
    max: 200,
    doc: "Peers in one announce reply, also where a client asks for more. Replies with more than 79 IPv6 peers or 242 IPv4 peers exceed one Ethernet frame.",
  }),
  peer_announce_interval: integer({
    reload: true,
    default: 900,
    min: 10,
    max: 86400,
    unit: "seconds",
    doc: "Time after which clients are asked to announce again. Each reply varies it by up to 10 % so that clients spread.",
  }),
  max_connection_age: integer({
    reload: true,
    default: 120,
    min: 10,
    max: 3600,
    unit: "seconds",
    doc: "How long a connection id stays valid. BEP 15 lets clients use one for 60 seconds.",
  }),
};

/** The values of these keys; the whole section has them too. */
export type UdpRequestConfig = ConfigOf<SectionSchema<typeof requestKeys>>;
