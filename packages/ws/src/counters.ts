/**
 * What the WebTorrent tracker counts: one row per worker of a counter table, its columns in this order. The gauges
 * at the end go up and down; all others only up.
 */

export const COUNT_CONNECTIONS_OPENED = 0;
export const COUNT_CONNECTIONS_CLOSED = 1;
export const COUNT_MESSAGES_IN = 2;
export const COUNT_ANNOUNCES = 3;
export const COUNT_SCRAPES = 4;
export const COUNT_REFUSED = 5;
export const COUNT_REPLIES_OUT = 6;
export const COUNT_OFFERS_OUT = 7;
export const COUNT_ANSWERS_OUT = 8;
export const COUNT_ERRORS_OUT = 9;
export const COUNT_BYTES_IN = 10;
export const COUNT_BYTES_OUT = 11;
export const COUNT_OFFERS_DROPPED_SLOW = 12;
export const COUNT_CLOSED_SLOW = 13;
export const COUNT_CLOSED_IDLE = 14;
export const COUNT_CLOSED_RATE = 15;
export const COUNT_CLOSED_PROTOCOL = 16;
export const COUNT_PEERS_EXPIRED = 17;
export const COUNT_COMPLETED = 18;
export const COUNT_DROPPED_BETWEEN_WORKERS = 19;
export const COUNT_UPGRADES_REFUSED = 20;
export const COUNT_OFFERS_SURPLUS = 21;
export const COUNT_OFFERS_FORGOTTEN = 22;
export const COUNT_TORRENTS_OVER_LIMIT = 23;
export const COUNT_SCRAPES_OVER_LIMIT = 24;
export const COUNT_CLOSED_TOO_LONG = 25;
export const COUNT_CLOSED_NO_ROOM = 26;
export const COUNT_OFFERS_DROPPED_NO_ROOM = 27;
export const COUNT_OFFERS_OVER_SHARE = 28;
export const COUNT_PEERS_REPLACED = 29;
export const COUNT_EVENTS_UNKNOWN = 30;
export const COUNT_ANSWERS_DROPPED_SLOW = 31;
export const COUNT_REPLIES_DROPPED_SLOW = 32;
export const COUNT_ERRORS_DROPPED_SLOW = 33;
export const COUNT_PONGS_DROPPED_SLOW = 34;
export const COUNT_PEERS_GAVE_WAY = 35;
export const COUNT_PEERS_NO_ROOM = 36;
export const COUNT_ANSWERS_SURPLUS = 37;
export const GAUGE_CONNECTIONS = 38;
export const GAUGE_TORRENTS = 39;
export const GAUGE_SEEDERS = 40;
export const GAUGE_LEECHERS = 41;
export const GAUGE_BUFFERED_BYTES = 42;

/** Names of the columns, for `NamedCounterTable.create`. */
export const WS_COUNTER_NAMES: readonly string[] = [
  "ws_connections_opened_total",
  "ws_connections_closed_total",
  "ws_messages_in_total",
  "ws_announces_total",
  "ws_scrapes_total",
  "ws_requests_refused_total",
  "ws_replies_out_total",
  "ws_offers_out_total",
  "ws_answers_out_total",
  "ws_errors_out_total",
  "ws_bytes_in_total",
  "ws_bytes_out_total",
  "ws_offers_dropped_slow_total",
  "ws_connections_closed_slow_total",
  "ws_connections_closed_idle_total",
  "ws_connections_closed_rate_total",
  "ws_connections_closed_protocol_total",
  "ws_peers_expired_total",
  "ws_completed_total",
  "ws_dropped_between_workers_total",
  "ws_upgrades_refused_total",
  "ws_offers_surplus_total",
  "ws_offers_forgotten_total",
  "ws_torrents_over_limit_total",
  "ws_scrapes_over_limit_total",
  "ws_connections_closed_too_long_total",
  "ws_connections_closed_no_room_total",
  "ws_offers_dropped_no_room_total",
  "ws_offers_over_share_total",
  "ws_peers_replaced_total",
  "ws_events_unknown_total",
  "ws_answers_dropped_slow_total",
  "ws_replies_dropped_slow_total",
  "ws_errors_dropped_slow_total",
  "ws_pongs_dropped_slow_total",
  "ws_peers_gave_way_total",
  "ws_peers_no_room_total",
  "ws_answers_surplus_total",
  "ws_connections",
  "ws_torrents",
  "ws_seeders",
  "ws_leechers",
  "ws_buffered_bytes",
];
