/**
 * What the counters of each protocol mean for the statistics: the columns of udp, http and tcp by role. Main thread; the
 * tables are copies of one moment (reading.ts).
 */
import { httpColumns as http } from "@swarmtide/http";
import type { CounterTable } from "@swarmtide/metrics";
import type { TrackerReading } from "@swarmtide/statistics";
import { tcpColumns as tcp } from "@swarmtide/tcp";
import { udpColumns as udp } from "@swarmtide/udp";
import { problemsOf, type TrafficRole, trafficOf, trafficOfWorker } from "./table-reading.ts";

/** The part of a reading that one protocol fills. */
export type ProtocolReading = Pick<
  TrackerReading,
  "requests" | "responses" | "bandwidth" | "problems" | "workers"
>;

/** The columns of the parse outcomes whose name begins so. */
const outcomes = (...beginnings: readonly string[]) =>
  udp.REQUESTS_BY_STATUS.filter((column) => {
    const outcome = udp.udpCounters.metrics[column]?.labels.outcome ?? "";
    return beginnings.some((beginning) => outcome.startsWith(beginning));
  });

const UDP_REQUESTS: readonly TrafficRole<"udp">[] = [
  { kind: "connect", columns: outcomes("connect") },
  { kind: "announce", columns: outcomes("announce") },
  { kind: "scrape", columns: outcomes("scrape") },
  { kind: "error", columns: outcomes("error_") },
  {
    kind: "other",
    columns: [...outcomes("drop_"), udp.DROPPED_SOURCE_PORT, udp.DROPPED_TOO_LONG],
  },
];

const UDP_RESPONSES: readonly TrafficRole<"udp">[] = [
  { kind: "connect", columns: [udp.CONNECTS] },
  {
    kind: "announce",
    columns: [udp.ANNOUNCES],
    without: [udp.ANNOUNCES_REFUSED, udp.LIMITED_PEERS, udp.LIMITED_TORRENTS],
  },
  { kind: "scrape", columns: [udp.SCRAPES], without: [udp.LIMITED_SCRAPES] },
  { kind: "error", columns: [udp.ERRORS] },
];

const UDP_ORDINARY = [
  ...outcomes("connect", "announce", "scrape"),
  ...[udp.CONNECTS, udp.ANNOUNCES, udp.SCRAPES, udp.ERRORS, udp.ANNOUNCES_REFUSED],
  ...[udp.RECEIVED_BYTES, udp.SENT_BYTES, udp.BUSY_SECONDS, udp.SENDS_DELAYED],
];

export function readUdp(table: CounterTable<"udp">, names: readonly string[]): ProtocolReading {
  return {
    requests: trafficOf(table, "udp", UDP_REQUESTS),
    responses: trafficOf(table, "udp", UDP_RESPONSES),
    bandwidth: ([4, 6] as const).map((family) => ({
      protocol: "udp",
      family: `ipv${family}` as const,
      receivedBytes: table.sum(udp.RECEIVED_BYTES, family),
      sentBytes: table.sum(udp.SENT_BYTES, family),
    })),
    problems: problemsOf(table, "udp", UDP_ORDINARY),
    workers: names.map((name, worker) => ({
      name,
      protocol: "udp",
      requestsTotal: trafficOfWorker(table, worker, UDP_REQUESTS),
      responsesTotal: trafficOfWorker(table, worker, UDP_RESPONSES),
      connections: null,
      busySeconds: table.sumOfWorker(udp.BUSY_SECONDS, worker),
    })),
  };
}

const HTTP_REQUESTS: readonly TrafficRole<"http">[] = [
  { kind: "announce", columns: [http.ANNOUNCES] },
  { kind: "scrape", columns: [http.SCRAPES] },
  {
    kind: "error",
    columns: [http.ERRORS, ...http.ERROR_RESPONSES],
    without: [
      http.REFUSED_TORRENTS,
      http.LIMITED_PEERS,
      http.LIMITED_TORRENTS,
      http.LIMITED_SCRAPES,
    ],
  },
  { kind: "other", columns: [http.HEALTH_CHECKS, http.UPGRADES] },
];

const HTTP_RESPONSES: readonly TrafficRole<"http">[] = [
  {
    kind: "announce",
    columns: [http.ANNOUNCES],
    without: [http.REFUSED_TORRENTS, http.LIMITED_PEERS, http.LIMITED_TORRENTS],
  },
  { kind: "scrape", columns: [http.SCRAPES], without: [http.LIMITED_SCRAPES] },
  { kind: "error", columns: [http.ERRORS, ...http.ERROR_RESPONSES] },
  { kind: "other", columns: [http.HEALTH_CHECKS] },
];

const HTTP_ORDINARY = [
  ...[http.ANNOUNCES, http.SCRAPES, http.ERRORS, http.HEALTH_CHECKS, http.UPGRADES],
];

const TCP_ORDINARY = [
  ...[tcp.CONNECTIONS_ACCEPTED, tcp.CONNECTIONS_CLOSED, tcp.TLS_HANDSHAKES, tcp.SENDS_DELAYED],
  ...[tcp.RECEIVED_BYTES_IPV4, tcp.RECEIVED_BYTES_IPV6, tcp.SENT_BYTES_IPV4, tcp.SENT_BYTES_IPV6],
  tcp.BUSY_SECONDS,
  ...[tcp.CONNECTIONS_HANDED_ON, tcp.CONNECTIONS_TAKEN_OVER],
];

/** HTTP, with the connections of TCP. `names` are those of all workers with a row. */
export function readHttp(
  table: CounterTable<"http">,
  connections: CounterTable<"tcp">,
  names: readonly string[],
): ProtocolReading {
  return {
    requests: trafficOf(table, "http", HTTP_REQUESTS),
    responses: trafficOf(table, "http", HTTP_RESPONSES),
    bandwidth: [
      {
        ...({ protocol: "http", family: "ipv4" } as const),
        receivedBytes: connections.sum(tcp.RECEIVED_BYTES_IPV4),
        sentBytes: connections.sum(tcp.SENT_BYTES_IPV4),
      },
      {
        ...({ protocol: "http", family: "ipv6" } as const),
        receivedBytes: connections.sum(tcp.RECEIVED_BYTES_IPV6),
        sentBytes: connections.sum(tcp.SENT_BYTES_IPV6),
      },
    ],
    problems: [
      ...problemsOf(table, "http", HTTP_ORDINARY),
      ...problemsOf(connections, "tcp", TCP_ORDINARY),
    ],
    workers: names.map((name, worker) => ({
      name,
      protocol: "http",
      requestsTotal: trafficOfWorker(table, worker, HTTP_REQUESTS),
      responsesTotal: trafficOfWorker(table, worker, HTTP_RESPONSES),
      connections:
        connections.sumOfWorker(tcp.CONNECTIONS_ACCEPTED, worker) +
        connections.sumOfWorker(tcp.CONNECTIONS_TAKEN_OVER, worker) -
        connections.sumOfWorker(tcp.CONNECTIONS_HANDED_ON, worker) -
        connections.sumOfWorker(tcp.CONNECTIONS_CLOSED, worker),
      busySeconds: connections.sumOfWorker(tcp.BUSY_SECONDS, worker),
    })),
  };
}

/** Open connections of TCP and how many have been accepted. */
export const readConnections = (table: CounterTable<"tcp">) => ({
  open: table.sum(tcp.CONNECTIONS_ACCEPTED) - table.sum(tcp.CONNECTIONS_CLOSED),
  openedTotal: table.sum(tcp.CONNECTIONS_ACCEPTED),
});
