/**
 * What the TCP side counts, beside what the HTTP and the WebTorrent tracker count themselves: a row for each worker. The
 * thread that owns the row adds; the main thread reads. Open connections are those accepted minus those closed. One line
 * declares a counter (packages/metrics/src/define.ts).
 */
import { defineCounters } from "@swarmtide/metrics";

export const tcpCounters = defineCounters("tcp");

export const CONNECTIONS_ACCEPTED = tcpCounters.counter(
  "connections_accepted",
  "Connections accepted within the limits.",
);
export const CONNECTIONS_CLOSED = tcpCounters.counter(
  "connections_closed",
  "Accepted connections that ended, WebSocket connections included.",
);
/** Of one worker's open connections: one that is handed on is accepted there and closed here. */
export const CONNECTIONS_HANDED_ON = tcpCounters.counter(
  "connections_handed_on",
  "Connections handed to another worker, which serves them as WebSockets.",
);
export const CONNECTIONS_TAKEN_OVER = tcpCounters.counter(
  "connections_taken_over",
  "Connections taken over from the worker that accepted them.",
);

const REFUSED =
  "Connections closed at once because of a limit: on all connections, or on those of one address.";
export const OVER_LIMIT = tcpCounters.counter("connections_refused", REFUSED, { limit: "all" });
export const OVER_ADDRESS_LIMIT = tcpCounters.counter("connections_refused", REFUSED, {
  limit: "address",
});

const TIMED_OUT =
  "Connections closed by a deadline: a request or the reading of its answer took too long, or no request came.";
export const REQUEST_TIMEOUTS = tcpCounters.counter("connections_timed_out", TIMED_OUT, {
  deadline: "request",
});
export const IDLE_TIMEOUTS = tcpCounters.counter("connections_timed_out", TIMED_OUT, {
  deadline: "idle",
});

export const TLS_HANDSHAKES = tcpCounters.counter("tls_handshakes", "TLS handshakes completed.");
export const TLS_FAILURES = tcpCounters.counter(
  "tls_failures",
  "TLS handshakes that failed or took too long.",
);
export const PROXY_PROTOCOL_ERRORS = tcpCounters.counter(
  "proxy_protocol_errors",
  "Connections without a valid PROXY protocol header where one is required.",
);
export const ACCEPT_FAILURES = tcpCounters.counter(
  "accept_failures",
  "Connections that could not be accepted, mostly for lack of file descriptors.",
);
export const SENDS_DELAYED = tcpCounters.counter(
  "sends_delayed",
  "Answers that did not go out at once because the client reads slowly.",
);
export const BUSY_SECONDS = tcpCounters.counter(
  "busy",
  "Time that workers spent on HTTP requests, from their arrival until the answers were sent.",
  {},
  "seconds",
);
const RECEIVED = "Bytes of HTTP received, after TLS; WebSocket messages are counted apart.";
const SENT = "Bytes of HTTP sent, before TLS; WebSocket messages are counted apart.";
/** The family is the connection's, also where it is a proxy's. */
const bytesOf = (name: string, help: string, family: "ipv4" | "ipv6") =>
  tcpCounters.counter(name, help, { family }, "bytes");
export const RECEIVED_BYTES_IPV4 = bytesOf("received", RECEIVED, "ipv4");
export const RECEIVED_BYTES_IPV6 = bytesOf("received", RECEIVED, "ipv6");
export const SENT_BYTES_IPV4 = bytesOf("sent", SENT, "ipv4");
export const SENT_BYTES_IPV6 = bytesOf("sent", SENT, "ipv6");
