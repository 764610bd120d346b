/**
 * The counters of the UDP tracker: one row per worker, the same columns for IPv4 and IPv6. Hot code adds to a row by the
 * column numbers here; whoever shows statistics reads them by name.
 */
import { PARSE_STATUS_COUNT, PARSE_STATUS_NAMES } from "@swarmtide/udp-protocol";

/** Columns 0..10 are the outcomes of parsing, by their numbers; then come these. */
export const COUNT_DROP_CONNECTION_ID = PARSE_STATUS_COUNT;
export const COUNT_DROP_SOURCE_PORT = PARSE_STATUS_COUNT + 1;
export const COUNT_DROP_TRUNCATED = PARSE_STATUS_COUNT + 2;
export const COUNT_REFUSED_INFO_HASH = PARSE_STATUS_COUNT + 3;
export const COUNT_NOT_STORED = PARSE_STATUS_COUNT + 4;
export const COUNT_REPLY_CONNECT = PARSE_STATUS_COUNT + 5;
export const COUNT_REPLY_ANNOUNCE = PARSE_STATUS_COUNT + 6;
export const COUNT_REPLY_SCRAPE = PARSE_STATUS_COUNT + 7;
export const COUNT_REPLY_ERROR = PARSE_STATUS_COUNT + 8;
export const COUNT_BYTES_RECEIVED = PARSE_STATUS_COUNT + 9;
export const COUNT_BYTES_SENT = PARSE_STATUS_COUNT + 10;
export const COUNT_RECEIVE_FAILED = PARSE_STATUS_COUNT + 11;
export const COUNT_SEND_FAILED = PARSE_STATUS_COUNT + 12;
export const COUNT_SEND_DELAYED = PARSE_STATUS_COUNT + 13;
/** Columns of one family. */
export const UDP_COUNTERS = PARSE_STATUS_COUNT + 14;

const NAMES = [
  ...PARSE_STATUS_NAMES.map((name) => `request_${name}`),
  "drop_connection_id",
  "drop_source_port",
  "drop_truncated",
  "refused_info_hash",
  "not_stored",
  "reply_connect",
  "reply_announce",
  "reply_scrape",
  "reply_error",
  "bytes_received",
  "bytes_sent",
  "receive_failed",
  "send_failed",
  "send_delayed",
];

/** Names of all columns, for NamedCounterTable.create: `ipv4_reply_announce`, `ipv6_drop_connection_id` … */
export const UDP_COUNTER_NAMES: readonly string[] = [4, 6].flatMap((family) =>
  NAMES.map((name) => `ipv${family}_${name}`),
);

/** Where a family's columns begin in a row. */
export function familyColumns(family: 4 | 6): number {
  return family === 4 ? 0 : UDP_COUNTERS;
}
