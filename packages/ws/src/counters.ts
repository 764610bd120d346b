/**
 * What the WebTorrent tracker counts: a row for each worker. The thread that owns the row adds; the main thread reads. One
 * line declares a counter (packages/metrics/src/define.ts).
 *
 * Messages are counted by the worker of the connection, torrents and peers by the worker that owns the torrent. What is
 * dropped is counted by its kind and the reason.
 */
import {
  type Column,
  defineCounters,
  type MetricLabels,
  type MetricUnit,
} from "@swarmtide/metrics";
import {
  FRAME_IS_ANSWER,
  FRAME_IS_ERROR,
  FRAME_IS_OFFER,
  FRAME_IS_REPLY,
} from "./hot/frame-kinds.ts";

export const wsCounters = defineCounters("ws");

export const CONNECTIONS_OPENED = wsCounters.counter(
  "connections_opened",
  "WebSocket connections whose handshake was answered.",
);
export const CONNECTIONS_CLOSED = wsCounters.counter(
  "connections_closed",
  "WebSocket connections that ended, whoever ended them.",
);
export const UPGRADES_REFUSED = wsCounters.counter(
  "upgrades_refused",
  "Requests for a WebSocket that were refused: a bad one, or a page that is not allowed.",
);
/** Those of IPv4 and of IPv6, by `Connection.familyIndex`: the client's family, IPv4 where a proxy does not name its client. */
export type FamilyColumns = readonly [ipv4: Column<"ws">, ipv6: Column<"ws">];

const byFamily = (
  name: string,
  help: string,
  labels: MetricLabels = {},
  unit?: MetricUnit,
): FamilyColumns => [
  wsCounters.counter(name, help, { ...labels, family: "ipv4" }, unit),
  wsCounters.counter(name, help, { ...labels, family: "ipv6" }, unit),
];

export const MESSAGES_RECEIVED = byFamily("messages_received", "Messages of clients.");
export const ANNOUNCES = byFamily("announces", "Valid announces received, refused ones included.");
export const SCRAPES = byFamily("scrapes", "Valid scrapes received.");
export const EVENTS_UNKNOWN = wsCounters.counter(
  "events_unknown",
  "Announces with an event that does not exist; they count as announces without one.",
);

const REFUSED = "Messages answered with a failure reason, by what was wrong.";
export const REFUSED_INVALID = wsCounters.counter("requests_refused", REFUSED, {
  reason: "invalid",
});
export const REFUSED_ACCESS_LIST = wsCounters.counter("requests_refused", REFUSED, {
  reason: "access_list",
});
export const REFUSED_TORRENTS_MAX = wsCounters.counter("requests_refused", REFUSED, {
  reason: "max_torrents_per_connection",
});
export const REFUSED_SCRAPE_MAX = wsCounters.counter("requests_refused", REFUSED, {
  reason: "max_scrape_torrents",
});
export const REFUSED_MEMORY = wsCounters.counter("requests_refused", REFUSED, {
  reason: "max_memory",
});

const LIMITED =
  "Announces and scrapes refused by a limit of [limits], by limit; requests_refused does not contain them.";
export const LIMITED_ADDRESSES = wsCounters.counter("limited", LIMITED, { limit: "address_list" });
export const LIMITED_PEERS = wsCounters.counter("limited", LIMITED, { limit: "peers_per_address" });
export const LIMITED_TORRENTS = wsCounters.counter("limited", LIMITED, {
  limit: "torrents_per_address",
});
export const LIMITED_SCRAPES = wsCounters.counter("limited", LIMITED, {
  limit: "scrapes_per_address",
});
export const ANNOUNCE_REPEATS = wsCounters.counter(
  "announce_repeats",
  "Announces of a peer before limits.min_announce_interval had passed: their offers were not passed on.",
);

/** All of them, for who wants the sum. */
export const REFUSALS: readonly Column<"ws">[] = [
  REFUSED_INVALID,
  REFUSED_ACCESS_LIST,
  REFUSED_TORRENTS_MAX,
  REFUSED_SCRAPE_MAX,
  REFUSED_MEMORY,
  LIMITED_ADDRESSES,
  LIMITED_PEERS,
  LIMITED_TORRENTS,
  LIMITED_SCRAPES,
];

const SENT = "Messages sent to clients.";
export const REPLIES_SENT = byFamily("messages_sent", SENT, { kind: "reply" });
export const OFFERS_SENT = byFamily("messages_sent", SENT, { kind: "offer" });
export const ANSWERS_SENT = byFamily("messages_sent", SENT, { kind: "answer" });
export const ERRORS_SENT = byFamily("messages_sent", SENT, { kind: "error" });

export const RECEIVED_BYTES = byFamily(
  "received",
  "Bytes of frames received, after TLS.",
  {},
  "bytes",
);
export const SENT_BYTES = byFamily("sent", "Bytes of frames sent, before TLS.", {}, "bytes");

export const BUSY_SECONDS = wsCounters.counter(
  "busy",
  "Time that workers spent on messages: reading them, and sending what became of them.",
  {},
  "seconds",
);

const DROPPED = "Messages that were not passed on or not sent, by kind and reason.";
const dropped = (kind: string, reason: string): Column<"ws"> =>
  wsCounters.counter("messages_dropped", DROPPED, { kind, reason });
/** The client reads slowly. */
export const OFFERS_DROPPED_SLOW = dropped("offer", "slow_client");
export const ANSWERS_DROPPED_SLOW = dropped("answer", "slow_client");
export const REPLIES_DROPPED_SLOW = dropped("reply", "slow_client");
export const ERRORS_DROPPED_SLOW = dropped("error", "slow_client");
export const PONGS_DROPPED_SLOW = dropped("pong", "slow_client");
/** `max_buffered` is used up. */
export const OFFERS_DROPPED_NO_ROOM = dropped("offer", "max_buffered");
/** More offers than `max_offers`. */
export const OFFERS_SURPLUS = dropped("offer", "max_offers");
/** The connection has used its share of the memory for offers. */
export const OFFERS_OVER_SHARE = dropped("offer", "share_of_memory");
/** The offer is not known: it was never made, was forgotten, has expired, or its maker has left. The client gets an error. */
export const ANSWERS_UNKNOWN = dropped("answer", "no_such_offer");
/** The offer had been answered by another client of the page. */
export const ANSWERS_SURPLUS = dropped("answer", "answered_before");
/** So many wait for other workers that a torrent of another one reads zeros. */
export const SCRAPES_UNASKED = dropped("scrape", "waiting_scrapes");
export const DROPPED_BETWEEN_WORKERS = dropped("any", "slow_worker");

export const OFFERS_FORGOTTEN = wsCounters.counter(
  "offers_forgotten",
  "Offers that could still have been answered and gave way to newer ones, for lack of memory.",
);

const ENDED = "WebSocket connections that the tracker ended, by reason.";
export const ENDED_SLOW = wsCounters.counter("connections_ended", ENDED, { reason: "slow" });
export const ENDED_IDLE = wsCounters.counter("connections_ended", ENDED, { reason: "idle" });
export const ENDED_RATE = wsCounters.counter("connections_ended", ENDED, { reason: "rate" });
export const ENDED_PROTOCOL = wsCounters.counter("connections_ended", ENDED, {
  reason: "protocol_error",
});
export const ENDED_TOO_LONG = wsCounters.counter("connections_ended", ENDED, {
  reason: "max_message_size",
});
export const ENDED_NO_ROOM = wsCounters.counter("connections_ended", ENDED, {
  reason: "max_buffered",
});

const REMOVED = "Peers that the tracker removed, by reason.";
export const PEERS_EXPIRED = wsCounters.counter("peers_removed", REMOVED, { reason: "expired" });
export const PEERS_REPLACED = wsCounters.counter("peers_removed", REMOVED, {
  reason: "newer_peer_id",
});
export const PEERS_GAVE_WAY = wsCounters.counter("peers_removed", REMOVED, {
  reason: "max_memory",
});
export const PEERS_NODE_LEFT = wsCounters.counter("peers_removed", REMOVED, {
  reason: "node_left",
});
export const COMPLETED = wsCounters.counter("completed", "Leechers that announced completed.");

const REMOTE = "What nodes of the cluster told each other about WebTorrent, by kind and direction.";
const remoteRecords = (direction: string, kind: string): Column<"ws"> =>
  wsCounters.counter("remote_records", REMOTE, { direction, kind });
export const REMOTE_PEERS_SENT = remoteRecords("out", "peer");
export const REMOTE_OFFERS_SENT = remoteRecords("out", "offer");
export const REMOTE_ANSWERS_SENT = remoteRecords("out", "answer");
export const REMOTE_PEERS_RECEIVED = remoteRecords("in", "peer");
export const REMOTE_OFFERS_RECEIVED = remoteRecords("in", "offer");
export const REMOTE_ANSWERS_RECEIVED = remoteRecords("in", "answer");

/** All of them, for the statistics. */
export const REMOTE_SENT: readonly Column<"ws">[] = [
  REMOTE_PEERS_SENT,
  REMOTE_OFFERS_SENT,
  REMOTE_ANSWERS_SENT,
];
export const REMOTE_RECEIVED: readonly Column<"ws">[] = [
  REMOTE_PEERS_RECEIVED,
  REMOTE_OFFERS_RECEIVED,
  REMOTE_ANSWERS_RECEIVED,
];

const REMOTE_DROPPED =
  "Records of WebTorrent that were not sent to other nodes or not taken from them, by kind and reason.";
const remoteDropped = (kind: string, reason: string): Column<"ws"> =>
  wsCounters.counter("remote_records_dropped", REMOTE_DROPPED, { kind, reason });
/** The cluster's thread or the broker does not keep up. */
export const REMOTE_PEERS_UNSENT = remoteDropped("peer", "outbound");
export const REMOTE_OFFERS_UNSENT = remoteDropped("offer", "outbound");
export const REMOTE_ANSWERS_UNSENT = remoteDropped("answer", "outbound");
/** Longer than a message between nodes may be, or than the receiving node's `max_message_size`. */
export const REMOTE_TOO_LONG = remoteDropped("any", "too_long");
export const REMOTE_MALFORMED = remoteDropped("any", "malformed");
/** Peers of other nodes have used their half of the memory. */
export const REMOTE_PEERS_NO_ROOM = remoteDropped("peer", "max_memory");
export const REMOTE_PEERS_REFUSED = remoteDropped("peer", "access_list");
/** For a peer that is not here, or not any more. */
export const REMOTE_OFFERS_UNKNOWN = remoteDropped("offer", "no_such_peer");
/** Of an offer that was not made to this connection of that node. */
export const REMOTE_ANSWERS_UNKNOWN = remoteDropped("answer", "no_such_offer");

export const CONNECTIONS = wsCounters.gauge("connections", "WebSocket connections open now.");
export const TORRENTS = wsCounters.gauge("torrents", "Torrents with a peer.");
export const SEEDERS = wsCounters.gauge("seeders", "Peers that have everything.");
export const LEECHERS = wsCounters.gauge("leechers", "Peers that lack something.");
export const REMOTE_PEERS = wsCounters.gauge(
  "remote_peers",
  "Of the seeders and leechers, those on other nodes of the cluster.",
);
export const BUFFERED_BYTES = wsCounters.gauge(
  "buffered",
  "Memory of messages that came in part and of what waits to be sent.",
  {},
  "bytes",
);

/** By `Connection.familyIndex` and the kind of a frame, FRAME_IS_…. */
export const SENT_BY_KIND: readonly [ipv4: readonly Column<"ws">[], ipv6: readonly Column<"ws">[]] =
  [
    byKind(REPLIES_SENT[0], OFFERS_SENT[0], ANSWERS_SENT[0], ERRORS_SENT[0]),
    byKind(REPLIES_SENT[1], OFFERS_SENT[1], ANSWERS_SENT[1], ERRORS_SENT[1]),
  ];
/** By the kind of a frame, of what a slow client is not sent; pongs have no place here. */
export const DROPPED_SLOW_BY_KIND: readonly Column<"ws">[] = byKind(
  REPLIES_DROPPED_SLOW,
  OFFERS_DROPPED_SLOW,
  ANSWERS_DROPPED_SLOW,
  ERRORS_DROPPED_SLOW,
);

function byKind(
  reply: Column<"ws">,
  offer: Column<"ws">,
  answer: Column<"ws">,
  error: Column<"ws">,
): Column<"ws">[] {
  const columns: Column<"ws">[] = [];
  columns[FRAME_IS_REPLY] = reply;
  columns[FRAME_IS_OFFER] = offer;
  columns[FRAME_IS_ANSWER] = answer;
  columns[FRAME_IS_ERROR] = error;
  return columns;
}
