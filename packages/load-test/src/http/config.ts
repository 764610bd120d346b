/** The configuration of `load-test http`. Key names are those of aquatic's load tester where the meaning is the same. */
import { boolean, type ConfigOf, decimal, integer, section, text } from "@swarmtide/toml-config";
import { limitsSection } from "../limits.ts";
import { durationKey, serverAddressKey, warmupKey } from "../load-keys.ts";

export const httpLoadSchema = section(
  "A load of HTTP clients. These are the defaults; keys and sections may be left out.",
  {
    server_address: serverAddressKey,
    url_suffix: text({
      default: "",
      doc: 'What stands in the URL before "/announce" and "/scrape", such as "/passkey".',
    }),
    enable_tls: boolean({ default: false, doc: "HTTPS; any certificate is accepted." }),
    tls_resume_share: decimal({
      ...{ default: 0, min: 0, max: 1 },
      doc: "Share of connections that come back with the TLS session of the client's last one; the report counts handshakes made in full and resumed ones.",
    }),
    keep_alive: boolean({
      default: true,
      doc: "Connections are kept; otherwise each request opens one, which its latency includes.",
    }),
    num_connections: integer({
      ...{ default: 128, min: 1, max: 65_536 },
      doc: "Clients, each with one connection and one request at a time.",
    }),
    source_addresses: integer({
      ...{ default: 1, min: 1, max: 254 },
      doc: "Clients' addresses 127.0.0.1, 127.0.0.2 … where the tracker is on IPv4 loopback; elsewhere the system chooses one.",
    }),
    duration: durationKey,
    warmup: warmupKey,
    target_rate: integer({
      ...{ default: 0, min: 0, max: 10_000_000 },
      doc: "Requests per second. The latency of a request that no client was free for counts from the time it was due. 0 sends as many as are answered.",
    }),
    timeout: integer({
      ...{ default: 5000, min: 10, max: 60_000, unit: "milliseconds" },
      doc: "After this an unanswered request counts as lost and its connection is closed.",
    }),
    torrents: section("What the clients ask for.", {
      number_of_torrents: integer({
        ...{ default: 10_000, min: 1, max: 10_000_000 },
        doc: "Torrents of the load; torrent_gamma_shape and torrent_gamma_scale say how popular each is.",
      }),
      torrent_gamma_shape: decimal({
        ...{ default: 0.2, min: 0.01, max: 100 },
        doc: "Shape of the gamma distribution that torrents are drawn from; small means that few are very popular.",
      }),
      torrent_gamma_scale: decimal({
        ...{ default: 100, min: 0.01, max: 1_000_000 },
        doc: "Its scale; what it draws beyond 101 is the last torrent, below 1 the first.",
      }),
      peer_seeder_probability: decimal({
        ...{ default: 0.25, min: 0, max: 1 },
        doc: "Share of announces that are a seeder's.",
      }),
      announce_peers_wanted: integer({
        ...{ default: 0, min: 0, max: 1000 },
        doc: "Peers that an announce asks for; 0 asks for no number.",
      }),
      weight_announce: integer({ default: 1, min: 0, max: 1_000_000, doc: "Share of announces." }),
      weight_scrape: integer({
        ...{ default: 0, min: 0, max: 1_000_000 },
        doc: "Share of scrapes, each for five torrents.",
      }),
    }),
    limits: limitsSection,
  },
);

export type HttpLoadConfig = ConfigOf<typeof httpLoadSchema>;
