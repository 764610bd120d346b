/**
 * What the TCP side counts, beside what the HTTP tracker counts itself. Each worker adds to its own row of a
 * `NamedCounterTable` made with `WEB_COUNTER_NAMES`; the constants are the columns. Open connections are accepted minus closed.
 */
export const COUNT_ACCEPTED = 0;
export const COUNT_CLOSED = 1;
/** Closed at once: too many connections in all, or from one address. */
export const COUNT_OVER_LIMIT = 2;
export const COUNT_OVER_ADDRESS_LIMIT = 3;
/** Closed because a request was not there, or its answer not taken, in time. */
export const COUNT_REQUEST_TIMEOUTS = 4;
/** Closed because nothing was asked for long. */
export const COUNT_IDLE_TIMEOUTS = 5;
export const COUNT_TLS_HANDSHAKES = 6;
/** TLS handshakes that failed or took too long. */
export const COUNT_TLS_FAILURES = 7;
/** Connections without a proper PROXY protocol header where one is wanted. */
export const COUNT_PROXY_PROTOCOL_ERRORS = 8;
/** accept(2) failed, for lack of descriptors mostly. */
export const COUNT_ACCEPT_FAILURES = 9;
/** A reader was too slow for an answer to go out at once. */
export const COUNT_SEND_DELAYED = 10;
export const COUNT_BYTES_RECEIVED = 11;
export const COUNT_BYTES_SENT = 12;

/** The names of the columns, in their order. */
export const WEB_COUNTER_NAMES: readonly string[] = [
  "connections_accepted",
  "connections_closed",
  "connections_over_limit",
  "connections_over_address_limit",
  "request_timeouts",
  "idle_timeouts",
  "tls_handshakes",
  "tls_failures",
  "proxy_protocol_errors",
  "accept_failures",
  "send_delayed",
  "bytes_received",
  "bytes_sent",
];
