/**
 * The configuration of the HTTP tracker: the section [http] of the file. [web] says where it listens, for HTTP and
 * WebTorrent alike. Key names are those of aquatic where the meaning is the same. Read on the main thread;
 * workers get the plain object.
 */
import { INTERVAL_JITTER } from "@swarmtide/swarm";
import { boolean, type ConfigOf, integer, section } from "@swarmtide/toml-config";

/** The most that `max_response_peers` and `max_scrape_torrents` may be. */
export const RESPONSE_PEERS_MAX = 1000;
export const SCRAPE_TORRENTS_MAX = 1000;

/** [http]: BEP 3 and its companions. */
export const httpSection = section(
  "The HTTP tracker (BEP 3, 7, 21, 23, 24, 31, 48). [web] says where it listens.",
  {
    enabled: boolean({ default: true, doc: "Whether to run it." }),
    workers: integer({
      default: 1,
      min: 0,
      max: 1024,
      doc: "Threads that answer plain HTTP through the system calls of Linux; 0 takes one for each core. HTTPS is answered by the workers of [web].",
    }),
    max_response_peers: integer({
      default: 50,
      min: 1,
      max: RESPONSE_PEERS_MAX,
      reload: true,
      doc: "Peers in one announce reply, also where a client asks for more.",
    }),
    max_scrape_torrents: integer({
      default: 100,
      min: 1,
      max: SCRAPE_TORRENTS_MAX,
      reload: true,
      doc: "Torrents answered in one scrape; further ones are cut off. max_request_size in [web] bounds them too: 72 bytes each.",
    }),
    peer_announce_interval: integer({
      default: 900,
      reload: true,
      min: 10,
      max: 86400,
      unit: "seconds",
      doc: "Time after which clients are asked to announce again. Each reply varies it by up to 10 % so that clients spread.",
    }),
    peer_min_announce_interval: integer({
      default: 300,
      reload: true,
      min: 1,
      max: 86400,
      unit: "seconds",
      doc: 'Time that clients are asked to let pass at least ("min interval"), and the one between two scrapes.',
    }),
    only_exact_paths: boolean({
      default: false,
      reload: true,
      doc: "Serves only /announce and /scrape. Otherwise a slash or .php may follow them, and one segment may stand in front, such as /KEY/announce.",
    }),
  },
  (values) =>
    values.peerMinAnnounceInterval > values.peerAnnounceInterval * (1 - INTERVAL_JITTER)
      ? {
          key: "peer_min_announce_interval",
          expected: "at most nine tenths of peer_announce_interval",
        }
      : undefined,
  { max_peers: "max_response_peers" },
);

export type HttpConfig = ConfigOf<typeof httpSection>;
