/**
 * The configuration of the WebTorrent tracker: the section [ws] of the file. Addresses, workers and TLS are those of
 * [web], which owns the sockets. Key names are those of aquatic where the meaning is the same. Read on the main
 * thread; workers get the plain object.
 */
import { boolean, type ConfigOf, integer, list, section, text } from "@swarmtide/toml-config";

/** [ws]: WebTorrent. */
export const wsSection = section(
  "The WebTorrent tracker, over WebSocket at the addresses of [web].",
  {
    enabled: boolean({ default: true, doc: "Whether to run it." }),
    max_offers: integer({
      default: 10,
      min: 1,
      max: 100,
      doc: "Offers of one announce that are passed on to other peers; further ones are left out.",
    }),
    max_scrape_torrents: integer({
      default: 255,
      min: 1,
      max: 1000,
      doc: "Torrents in one scrape; more are refused.",
    }),
    scrape_counts_all_protocols: boolean({
      reload: true,
      default: false,
      doc: "Whether a scrape over WebTorrent also counts the peers of UDP and HTTP and what they completed. Replies to announces, and scrapes over UDP and HTTP, count their own protocol in either case.",
    }),
    peer_announce_interval: integer({
      reload: true,
      default: 120,
      min: 10,
      max: 86_400,
      unit: "seconds",
      doc: "Time after which clients are asked to announce again. Each reply varies it by up to 10 % so that clients spread.",
    }),
    max_offer_age: integer({
      reload: true,
      default: 120,
      min: 1,
      max: 3600,
      unit: "seconds",
      doc: "How long an offer can be answered.",
    }),
    max_peer_age: integer({
      reload: true,
      default: 240,
      min: 10,
      max: 172_800,
      unit: "seconds",
      doc: "How long a peer is kept after its last announce, even if its connection stays open.",
    }),
    max_message_size: integer({
      reload: true,
      default: 131_072,
      min: 4096,
      max: 16_777_216,
      unit: "bytes",
      doc: "Longest message of a client. A browser's ten offers take about 40 KiB.",
    }),
    max_memory: integer({
      default: 0,
      min: 0,
      max: 1_048_576,
      unit: "MiB",
      doc: "Memory for the peers and offers of all workers together; 0 takes a share of what the host or its cgroup has, about a quarter, which the start line names. A peer counts 87 bytes, an offer that may be answered 68. When it is full, peers that are alone in their torrent give way; if there are none, new peers get an error. The oldest offer is forgotten first. In a cluster, peers of other nodes take at most half of it.",
    }),
    max_torrents_per_connection: integer({
      reload: true,
      default: 1000,
      min: 1,
      max: 1_000_000,
      doc: "Peers that one connection may have at a time: torrents, and each further peer id in one of them.",
    }),
    max_messages_per_second: integer({
      reload: true,
      default: 100,
      min: 0,
      max: 1_000_000,
      doc: "Messages and pings of one connection, on average over ten seconds; a connection that sends more is closed. 0 sets no limit.",
    }),
    max_unsent_before_drop: integer({
      reload: true,
      default: 32_768,
      min: 0,
      max: 16_777_216,
      unit: "bytes",
      doc: "When more than this is queued for a client, new offers to it and errors are dropped, and one reply for each torrent is sent later.",
    }),
    max_unsent: integer({
      reload: true,
      default: 262_144,
      min: 65_536,
      max: 67_108_864,
      unit: "bytes",
      doc: "Limit of the answers queued for such a client, which go out first; further ones are dropped.",
    }),
    max_buffered: integer({
      default: 268_435_456,
      min: 1_048_576,
      max: 1_099_511_627_776,
      unit: "bytes",
      doc: "Memory of one worker for messages that have come in part and for what waits to be sent. When it is used up no offers are passed on, a client with more than a few KiB unread is sent nothing, and one that sends a longer message in pieces is closed. The default is lowered on a host with little memory.",
    }),
    max_connection_idle: integer({
      reload: true,
      default: 180,
      min: 10,
      max: 86_400,
      unit: "seconds",
      doc: "Time without a sign of life, without a torrent, or in which the client reads nothing of what it is sent, after which a connection is closed.",
    }),
    ping_interval: integer({
      reload: true,
      default: 60,
      min: 1,
      max: 86_400,
      unit: "seconds",
      doc: "A client that has been silent for this long is sent a ping. Keep it below max_connection_idle.",
    }),
    allowed_origins: list({
      reload: true,
      default: [],
      of: text({
        default: "https://example.com",
        pattern: /^[a-z][a-z0-9+.-]*:\/\/[^/\sA-Z]+$/,
        expected: 'an origin such as "https://example.com"',
        doc: "An origin.",
      }),
      doc: "Web pages that may use the tracker, by their origin; an empty list allows all. Only browsers send an origin; other clients are not restricted.",
    }),
  },
  (values) => {
    if (values.pingInterval >= values.maxConnectionIdle)
      return { key: "ping_interval", expected: "less than max_connection_idle" };
    if (values.maxUnsentBeforeDrop > values.maxUnsent)
      return { key: "max_unsent_before_drop", expected: "at most max_unsent" };
    if (values.maxPeerAge <= values.peerAnnounceInterval * 1.1)
      return { key: "max_peer_age", expected: "above peer_announce_interval and its 10 % on top" };
    return undefined;
  },
);

export type WsConfig = ConfigOf<typeof wsSection>;
