/** The configuration of `load-test ws`. Key names are those of aquatic's load tester where the meaning is the same. */
import { boolean, type ConfigOf, decimal, integer, section } from "@swarmtide/toml-config";
import { limitsSection } from "../limits.ts";
import { durationKey, serverAddressKey, warmupKey } from "../load-keys.ts";

export const wsLoadSchema = section(
  "A load of WebTorrent clients. These are the defaults; keys and sections may be left out.",
  {
    server_address: serverAddressKey,
    enable_tls: boolean({ default: false, doc: "wss://; any certificate is accepted." }),
    num_connections: integer({ default: 100, min: 1, max: 1_000_000, doc: "Clients." }),
    connections_per_second: integer({
      ...{ default: 500, min: 1, max: 1_000_000 },
      doc: "How fast they come.",
    }),
    source_addresses: integer({
      ...{ default: 0, min: 0, max: 254 },
      doc: "Clients' addresses 127.0.0.1, 127.0.0.2 …; 0 leaves the choice to the system.",
    }),
    requests_per_connection: integer({
      ...{ default: 0, min: 0, max: 1_000_000 },
      doc: "Replies after which a client leaves and another comes in its place, as when a page is loaded anew; the latency of its first request includes the connection. 0 keeps connections.",
    }),
    tls_resume_share: decimal({
      ...{ default: 0, min: 0, max: 1 },
      doc: "Share of new clients that resume the TLS session of the client they replace; the report counts handshakes made in full and resumed ones.",
    }),
    duration: durationKey,
    warmup: warmupKey,
    target_rate: integer({
      ...{ default: 0, min: 0, max: 1_000_000 },
      doc: "Announces and scrapes per second, once all clients are connected. The latency of a request that no client was free for counts from the time it was due. 0 sends as many as are answered.",
    }),
    timeout: integer({
      ...{ default: 5000, min: 10, max: 60_000, unit: "milliseconds" },
      doc: "After this an unanswered request counts as lost.",
    }),
    pause: decimal({
      ...{ default: 0, min: 0, max: 86_400, unit: "seconds" },
      doc: "Pause of a client between a reply and its next request, on average, where no target_rate is set.",
    }),
    torrents: section("What the clients do.", {
      number_of_torrents: integer({
        ...{ default: 1000, min: 1, max: 10_000_000 },
        doc: "Torrents of the load; the n-th is chosen with a weight of 1/n.",
      }),
      torrents_per_connection: integer({
        ...{ default: 5, min: 1, max: 1000 },
        doc: "Torrents that a client is in.",
      }),
      offers_per_request: integer({
        ...{ default: 10, min: 0, max: 100 },
        doc: "Offers of an announce.",
      }),
      sdp_bytes: integer({
        ...{ default: 1500, min: 1, max: 1_000_000 },
        doc: "Length of each session description; browsers send some 1,500.",
      }),
      answer_share: decimal({
        ...{ default: 0.15, min: 0, max: 1 },
        doc: "Share of the offers that are answered.",
      }),
      scrape_share: decimal({
        ...{ default: 0.01, min: 0, max: 1 },
        doc: "Share of scrapes among the requests.",
      }),
    }),
    limits: limitsSection,
  },
);

export type WsLoadConfig = ConfigOf<typeof wsLoadSchema>;
