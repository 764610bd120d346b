/**
 * The numbers of a snapshot by protocol, and the line that a program ends with. Main thread.
 */
import type { ApiStats } from "@swarmtide/statistics";

/** What the line says of one family. Counts since the start. */
export interface FamilyStatistics {
  /** Requests that were well formed, or bad in a way that is answered. */
  readonly requests: number;
  readonly connect: number;
  readonly announce: number;
  readonly scrape: number;
  readonly error: number;
  readonly peers: number;
  readonly seeders: number;
}

/** What the line says of HTTP and HTTPS, both families together. Counts since the start. */
export interface HttpStatistics {
  readonly announce: number;
  readonly scrape: number;
  /** Failures, and answers with a status other than 200. */
  readonly error: number;
  /** Open now. */
  readonly connections: number;
}

/** What the line says of WebTorrent. Counts since the start, and what its swarms hold now. */
export interface WsStatistics {
  readonly announce: number;
  readonly scrape: number;
  readonly offer: number;
  readonly answer: number;
  readonly error: number;
  readonly connections: number;
  /** Connections of each worker that serves WebTorrent, those of HTTPS included, by its number. */
  readonly connectionsOfWorkers: readonly number[];
  readonly torrents: number;
  readonly peers: number;
  readonly seeders: number;
}

/** Counts since the start of the program, and what the swarms hold now. */
export interface Statistics {
  readonly ipv4: FamilyStatistics;
  readonly ipv6: FamilyStatistics;
  /** Undefined where HTTP is off. */
  readonly http: HttpStatistics | undefined;
  /** Undefined where WebTorrent is off. */
  readonly ws: WsStatistics | undefined;
  readonly torrents: number;
  /** Everything else of the same moment, as `GET /api/stats` tells it. */
  readonly all: Omit<ApiStats, "history">;
}

const FAMILIES = ["ipv4", "ipv6"] as const;

type Stats = Omit<ApiStats, "history">;
type Row = Stats["requests"]["rows"][number];

/** What one protocol's rows say of a kind; of one family where it is given. */
function totalOf(
  rows: readonly Row[],
  protocol: string,
  kinds: readonly string[],
  family?: string,
) {
  let total = 0;
  for (const row of rows)
    if (
      row.protocol === protocol &&
      kinds.includes(row.kind) &&
      (family ?? row.family) === row.family
    )
      total += row.total;
  return total;
}

/** The numbers of one snapshot. */
export function readStatistics(stats: Stats): Statistics {
  const { requests, responses, swarms } = stats;
  const family = (name: "ipv4" | "ipv6"): FamilyStatistics => {
    const swarm = swarms.rows.find((row) => row.store === "shared" && row.family === name);
    return {
      requests: totalOf(requests.rows, "udp", ["connect", "announce", "scrape", "error"], name),
      connect: totalOf(responses.rows, "udp", ["connect"], name),
      announce: totalOf(responses.rows, "udp", ["announce"], name),
      scrape: totalOf(responses.rows, "udp", ["scrape"], name),
      error: totalOf(responses.rows, "udp", ["error"], name),
      peers: swarm?.peers ?? 0,
      seeders: swarm?.seeders ?? 0,
    };
  };
  const isServed = (protocol: string) => requests.rows.some((row) => row.protocol === protocol);
  return {
    ipv4: family("ipv4"),
    ipv6: family("ipv6"),
    http: isServed("http") ? readHttpStatistics(stats) : undefined,
    ws: isServed("ws") ? readWsStatistics(stats) : undefined,
    torrents: swarms.torrentsOfStores.shared,
    all: stats,
  };
}

const openOf = ({ connections }: Stats, transport: "tcp" | "ws"): number =>
  connections.find((row) => row.transport === transport)?.open ?? 0;

function readHttpStatistics(stats: Stats): HttpStatistics {
  const { requests, responses } = stats;
  return {
    announce: totalOf(requests.rows, "http", ["announce"]),
    scrape: totalOf(requests.rows, "http", ["scrape"]),
    error: totalOf(responses.rows, "http", ["error"]),
    connections: openOf(stats, "tcp"),
  };
}

function readWsStatistics(stats: Stats): WsStatistics {
  const { requests, responses, swarms, workers } = stats;
  const swarm = swarms.rows.find(({ store }) => store === "ws");
  return {
    announce: totalOf(requests.rows, "ws", ["announce"]),
    scrape: totalOf(requests.rows, "ws", ["scrape"]),
    offer: totalOf(responses.rows, "ws", ["offer"]),
    answer: totalOf(responses.rows, "ws", ["answer"]),
    error: totalOf(responses.rows, "ws", ["error"]),
    connections: openOf(stats, "ws"),
    // A worker has one row for all that it serves; those with an event loop serve WebTorrent.
    connectionsOfWorkers: workers.flatMap(({ name, connections }) =>
      name.startsWith("web-") ? [connections ?? 0] : [],
    ),
    torrents: swarms.torrentsOfStores.ws,
    peers: swarm?.peers ?? 0,
    seeders: swarm?.seeders ?? 0,
  };
}

const WS_RATES = ["announce", "scrape", "offer", "answer", "error"] as const;
const HTTP_RATES = ["announce", "scrape", "error"] as const;
const RATES = ["requests", "connect", "announce", "scrape", "error"] as const;

const DROP_UNITS = {
  announces: "announces",
  messages: "messages",
  "WebTorrent records": "wsRecords",
} as const;

/** `cluster: nodes=2 announcesIn=7 announcesOut=5 bytesIn=900 bytesOut=640 lagMs=3 dropped: announces.ring=2`. */
function clusterPart(cluster: NonNullable<Stats["cluster"]>): string {
  const { nodes, recordsIn, recordsOut, bytesIn, bytesOut, lagSeconds, webTorrent, drops } =
    cluster;
  const counts = `announcesIn=${recordsIn.total} announcesOut=${recordsOut.total} bytesIn=${bytesIn.total} bytesOut=${bytesOut.total}`;
  const dropped = drops
    .filter(({ total }) => total > 0)
    .map(({ unit, reason, total }) => ` ${DROP_UNITS[unit]}.${reason}=${total}`);
  const tail = dropped.length === 0 ? "" : ` dropped:${dropped.join("")}`;
  const ofWs = webTorrent
    ? ` wsRecordsIn=${webTorrent.recordsIn.total} wsRecordsOut=${webTorrent.recordsOut.total}`
    : "";
  return `cluster: nodes=${nodes} ${counts}${ofWs} lagMs=${Math.round(lagSeconds * 1000)}${tail}`;
}

/**
 * Sums since the start: the last line of a program that stops.
 *
 *     statistics of 61 seconds torrents=1 ipv4: requests=8 connect=3 announce=4 scrape=0 error=0 peers=0 seeders=0 ipv6: …
 */
export function formatFinalStatisticsLine(statistics: Statistics, seconds: number): string {
  const parts = FAMILIES.map((family) => {
    const sums = RATES.map((name) => `${name}=${statistics[family][name]}`);
    const { peers, seeders } = statistics[family];
    return `${family}: ${sums.join(" ")} peers=${peers} seeders=${seeders}`;
  });
  const { http, ws } = statistics;
  if (http !== undefined)
    parts.push(`http: ${HTTP_RATES.map((name) => `${name}=${http[name]}`).join(" ")}`);
  if (ws !== undefined)
    parts.push(`ws: ${WS_RATES.map((name) => `${name}=${ws[name]}`).join(" ")}`);
  const { cluster } = statistics.all;
  if (cluster) parts.push(clusterPart(cluster));
  return `statistics of ${seconds} seconds torrents=${statistics.torrents} ${parts.join(" ")}`;
}
