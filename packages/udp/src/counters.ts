/**
 * What the UDP tracker counts: a row for each worker and address family. The thread that owns the row adds; the main thread
 * reads. One line declares a counter (packages/metrics/src/define.ts).
 *
 * An announce or scrape counts when it is valid, as over HTTP, even where it is then refused: it parses, and its connection
 * id was issued to its sender. What does not parse shows in requests_total by its outcome.
 */
import { type Column, defineCounters } from "@swarmtide/metrics";
import { UDP_ERROR_SCRAPE_LIST, UDP_STATUS_COUNT, UDP_STATUS_NAMES } from "@swarmtide/udp-protocol";

export const udpCounters = defineCounters("udp", { families: true });

const REQUESTS =
  "Datagrams by the outcome of parsing them; error_… asks for an error reply, drop_… is not answered.";
/** By the number of the parse status, `UDP_…`. */
export const REQUESTS_BY_STATUS: readonly Column<"udp">[] = UDP_STATUS_NAMES.map((outcome) =>
  udpCounters.counter("requests", REQUESTS, { outcome }),
);
if (REQUESTS_BY_STATUS.length !== UDP_STATUS_COUNT)
  throw new Error("each parse status has a counter");
/** Those of them that get a reply if their connection id is valid: the statuses up to this one, see `parseUdpRequest`. */
export const ANSWERABLE_REQUESTS = REQUESTS_BY_STATUS.slice(0, UDP_ERROR_SCRAPE_LIST + 1);

export const CONNECTS = udpCounters.counter(
  "connects",
  "Connect requests answered with a connection id.",
);
export const ANNOUNCES = udpCounters.counter(
  "announces",
  "Valid announces received, refused ones included.",
);
export const SCRAPES = udpCounters.counter("scrapes", "Valid scrapes received.");
export const ERRORS = udpCounters.counter("errors", "Error replies written.");
export const REFUSED_TORRENTS = udpCounters.counter(
  "refused_torrents",
  "Info hashes in announces and scrapes that the access list refused.",
);
export const ANNOUNCES_REFUSED = udpCounters.counter(
  "announces_refused",
  "Announces of torrents that the access list refuses; errors contains them.",
);
export const NOT_STORED = udpCounters.counter(
  "announces_not_stored",
  "Announces answered although memory had no room for the peer.",
);
const LIMITED =
  "Announces and scrapes refused by a limit of [limits], by limit; errors contains them.";
export const LIMITED_ADDRESSES = udpCounters.counter("limited", LIMITED, {
  limit: "address_list",
});
export const LIMITED_PEERS = udpCounters.counter("limited", LIMITED, {
  limit: "peers_per_address",
});
export const LIMITED_TORRENTS = udpCounters.counter("limited", LIMITED, {
  limit: "torrents_per_address",
});
export const LIMITED_SCRAPES = udpCounters.counter("limited", LIMITED, {
  limit: "scrapes_per_address",
});
export const ANNOUNCE_REPEATS = udpCounters.counter(
  "announce_repeats",
  "Announces of a peer before limits.min_announce_interval had passed, answered with counts and no peers.",
);

const DROPPED =
  "Datagrams dropped without a reply, by reason; those that do not parse are counted as requests.";
export const DROPPED_CONNECTION_ID = udpCounters.counter("datagrams_dropped", DROPPED, {
  reason: "connection_id",
});
export const DROPPED_SOURCE_PORT = udpCounters.counter("datagrams_dropped", DROPPED, {
  reason: "source_port_zero",
});
export const DROPPED_BEHIND = udpCounters.counter("datagrams_dropped", DROPPED, {
  reason: "overload_repeat",
});
export const DROPPED_QUEUE_FULL = udpCounters.counter("datagrams_dropped", DROPPED, {
  reason: "overload_queue_full",
});
export const DROPPED_TOO_LONG = udpCounters.counter("datagrams_dropped", DROPPED, {
  reason: "too_long",
});

export const RECEIVED_BYTES = udpCounters.counter(
  "received",
  "Bytes of UDP payload received, without datagrams that were too long.",
  {},
  "bytes",
);
export const SENT_BYTES = udpCounters.counter(
  "sent",
  "Bytes of UDP payload of all replies written, including those whose sending failed.",
  {},
  "bytes",
);
export const BUSY_SECONDS = udpCounters.counter(
  "busy",
  "Time that workers spent on requests, from their arrival until the replies were sent.",
  {},
  "seconds",
);
export const RECEIVE_FAILURES = udpCounters.counter(
  "receive_failures",
  "Receive calls that failed, and errors of a socket.",
);
export const SEND_FAILURES = udpCounters.counter(
  "send_failures",
  "Replies lost: the kernel refused them, or had no room and neither had the queue.",
);
export const SENDS_DELAYED = udpCounters.counter(
  "sends_delayed",
  "Replies queued for a later attempt because the kernel had no room.",
);
