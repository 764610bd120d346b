/**
 * What the HTTP tracker counts: a row for each worker and address family. The family is the client's; of what is not an announce
 * or scrape, and where a proxy does not name the client, it is the connection's. The thread that owns the row adds; the
 * main thread reads. One line declares a counter (packages/metrics/src/define.ts).
 *
 * An announce or scrape counts when it is valid, as over UDP, even where it is then refused. One that is not (a query that
 * does not parse, a proxy that does not name its client) counts as an error alone.
 */
import { type Column, defineCounters } from "@swarmtide/metrics";

export const httpCounters = defineCounters("http", { families: true });

export const ANNOUNCES = httpCounters.counter(
  "announces",
  "Valid announces received, refused ones included.",
);
export const SCRAPES = httpCounters.counter("scrapes", "Valid scrapes received.");
export const ERRORS = httpCounters.counter(
  "errors",
  "Announces and scrapes answered with a failure reason.",
);
export const REFUSED_TORRENTS = httpCounters.counter(
  "refused_torrents",
  "Announces that the access list refused; errors contains them.",
);
export const PROXY_HEADER_ERRORS = httpCounters.counter(
  "proxy_header_errors",
  "Announces and scrapes of a trusted proxy that does not name its client; errors contains them.",
);
export const NOT_STORED = httpCounters.counter(
  "announces_not_stored",
  "Announces answered although memory had no room for the peer.",
);
const LIMITED =
  "Announces and scrapes refused by a limit of [limits], by limit; errors contains them.";
export const LIMITED_ADDRESSES = httpCounters.counter("limited", LIMITED, {
  limit: "address_list",
});
export const LIMITED_PEERS = httpCounters.counter("limited", LIMITED, {
  limit: "peers_per_address",
});
export const LIMITED_TORRENTS = httpCounters.counter("limited", LIMITED, {
  limit: "torrents_per_address",
});
export const LIMITED_SCRAPES = httpCounters.counter("limited", LIMITED, {
  limit: "scrapes_per_address",
});
export const ANNOUNCE_REPEATS = httpCounters.counter(
  "announce_repeats",
  "Announces of a peer before limits.min_announce_interval had passed, answered with counts and no peers.",
);
export const OVERLOAD_REPEATS = httpCounters.counter(
  "overload_repeats",
  "Announces of a peer before limits.min_announce_interval had passed, refused by a worker that was behind; errors contains them.",
);
export const UNKNOWN_EVENTS = httpCounters.counter(
  "unknown_events",
  "Announces with an event that nobody knows, taken as none.",
);
export const SCRAPE_TORRENTS_OVER_LIMIT = httpCounters.counter(
  "scrape_torrents_over_limit",
  "Info hashes of scrapes beyond max_scrape_torrents, left out of the answer.",
);
export const UNTRUSTED_FORWARDING = httpCounters.counter(
  "untrusted_forwarding",
  "Announces from addresses that are not a trusted proxy with a header such as X-Forwarded-For.",
);
export const HEALTH_CHECKS = httpCounters.counter("health_checks", "Requests for /health.");
export const UPGRADES = httpCounters.counter(
  "upgrades",
  "WebSocket upgrades handed to the WebTorrent tracker.",
);

const RESPONSES = "Answers with an HTTP status other than 200, by status.";
const ERROR_STATUSES = [400, 404, 405, 413, 414, 431, 505];
export const ERROR_RESPONSES: readonly Column<"http">[] = ERROR_STATUSES.map((status) =>
  httpCounters.counter("responses", RESPONSES, { status: `${status}` }),
);
/** By status; undefined for 200 and for what the tracker never answers. */
export const RESPONSES_BY_STATUS: readonly (Column<"http"> | undefined)[] = Array.from(
  { length: Math.max(...ERROR_STATUSES) + 1 },
  (_, status) => ERROR_RESPONSES[ERROR_STATUSES.indexOf(status)],
);
