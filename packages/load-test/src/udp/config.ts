/** The configuration of `load-test udp`. Key names are those of aquatic's load tester where the meaning is the same. */
import { type ConfigOf, decimal, integer, section } from "@swarmtide/toml-config";
import { limitsSection } from "../limits.ts";
import { durationKey, serverAddressKey, warmupKey } from "../load-keys.ts";

export const udpLoadSchema = section(
  "A load of UDP clients. These are the defaults; keys and sections may be left out.",
  {
    server_address: serverAddressKey,
    duration: durationKey,
    warmup: warmupKey,
    target_rate: integer({
      ...{ default: 0, min: 0, max: 100_000_000 },
      doc: "Requests per second, sent when they are due whatever the tracker does; 0 sends as many as it answers.",
    }),
    network: section("Sockets of the clients.", {
      source_addresses: integer({
        ...{ default: 1, min: 1, max: 254 },
        doc: "Clients' addresses 127.0.0.1, 127.0.0.2 … where the tracker is on IPv4 loopback; elsewhere the system chooses one.",
      }),
      sockets: integer({ default: 4, min: 1, max: 4096, doc: "Sockets over these addresses." }),
      recv_buffer: integer({
        ...{ default: 8_000_000, min: 0, max: 2_000_000_000, unit: "bytes" },
        doc: "Receive buffer of each socket; 0 leaves the system's default.",
      }),
      in_flight_max: integer({
        ...{ default: 512, min: 1, max: 32_768 },
        doc: "Requests that may wait for an answer where no target_rate is set.",
      }),
      timeout: integer({
        ...{ default: 5000, min: 10, max: 60_000, unit: "milliseconds" },
        doc: "After this an unanswered request counts as lost.",
      }),
    }),
    requests: section("What the clients ask for.", {
      number_of_torrents: integer({
        ...{ default: 1_000_000, min: 1, max: 100_000_000 },
        doc: "Torrents of the load; a few of them are very popular.",
      }),
      number_of_peers: integer({
        ...{ default: 2_000_000, min: 1, max: 100_000_000 },
        doc: "Peers that announce themselves in turn.",
      }),
      scrape_max_torrents: integer({
        ...{ default: 10, min: 1, max: 74 },
        doc: "A scrape asks for one to this many torrents.",
      }),
      announce_peers_wanted: integer({
        ...{ default: 30, min: 0, max: 250 },
        doc: "Peers that an announce asks for.",
      }),
      weight_connect: integer({ default: 50, min: 0, max: 1_000_000, doc: "Share of connects." }),
      weight_announce: integer({ default: 50, min: 0, max: 1_000_000, doc: "Share of announces." }),
      weight_scrape: integer({ default: 1, min: 0, max: 1_000_000, doc: "Share of scrapes." }),
      peer_seeder_probability: decimal({
        ...{ default: 0.75, min: 0, max: 1 },
        doc: "Share of announces that are a seeder's.",
      }),
    }),
    limits: limitsSection,
  },
);

export type UdpLoadConfig = ConfigOf<typeof udpLoadSchema>;
