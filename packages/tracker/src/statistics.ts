/**
 * The statistics line: what was asked and answered since the last one, and what the swarms hold. Counts come from
 * the counters the workers write in shared memory, so reading them disturbs nobody. Main thread.
 */
import { httpColumns } from "@swarmtide/http";
import type { Column, CounterTable, CounterTables } from "@swarmtide/metrics";
import { readSwarmTotals, type SwarmStore } from "@swarmtide/swarm";
import { tcpColumns } from "@swarmtide/tcp";
import { udpColumns } from "@swarmtide/udp";
import { wsColumns } from "@swarmtide/ws";

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
  /** The same of each worker, by its number. */
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
}

const FAMILIES = ["ipv4", "ipv6"] as const;
type Family = (typeof FAMILIES)[number];

/** Reads the counters of all workers; a protocol that is off has none. */
export function readStatistics(counters: CounterTables, store: SwarmStore): Statistics {
  const totals = readSwarmTotals(store);
  const udp = counters.of(udpColumns.udpCounters);
  const family = (name: Family, peers: number, seeders: number): FamilyStatistics => {
    const sum = (...columns: readonly Column<"udp">[]) => {
      let total = 0;
      for (const column of columns) total += udp?.sum(column, name === "ipv4" ? 4 : 6) ?? 0;
      return total;
    };
    return {
      requests: sum(...udpColumns.ANSWERABLE_REQUESTS),
      connect: sum(udpColumns.CONNECTS),
      announce: sum(udpColumns.ANNOUNCES),
      scrape: sum(udpColumns.SCRAPES),
      error: sum(udpColumns.ERRORS),
      peers,
      seeders,
    };
  };
  return {
    ipv4: family("ipv4", totals.peersIpv4, totals.seedersIpv4),
    ipv6: family("ipv6", totals.peersIpv6, totals.seedersIpv6),
    http: readHttpStatistics(counters),
    ws: readWsStatistics(counters.of(wsColumns.wsCounters)),
    torrents: totals.torrents,
  };
}

function readHttpStatistics(counters: CounterTables): HttpStatistics | undefined {
  const http = counters.of(httpColumns.httpCounters);
  const tcp = counters.of(tcpColumns.tcpCounters);
  if (http === undefined || tcp === undefined) return undefined;
  let error = http.sum(httpColumns.ERRORS);
  for (const column of httpColumns.ERROR_RESPONSES) error += http.sum(column);
  return {
    announce: http.sum(httpColumns.ANNOUNCES),
    scrape: http.sum(httpColumns.SCRAPES),
    error,
    connections: tcp.sum(tcpColumns.CONNECTIONS_ACCEPTED) - tcp.sum(tcpColumns.CONNECTIONS_CLOSED),
  };
}

function readWsStatistics(ws: CounterTable<"ws"> | undefined): WsStatistics | undefined {
  if (ws === undefined) return undefined;
  const seeders = ws.sum(wsColumns.SEEDERS);
  return {
    announce: ws.sum(wsColumns.ANNOUNCES),
    scrape: ws.sum(wsColumns.SCRAPES),
    offer: ws.sum(wsColumns.OFFERS_SENT),
    answer: ws.sum(wsColumns.ANSWERS_SENT),
    error: ws.sum(wsColumns.ERRORS_SENT),
    connections: ws.sum(wsColumns.CONNECTIONS),
    connectionsOfWorkers: Array.from({ length: ws.workers }, (_, worker) =>
      ws.sumOfWorker(wsColumns.CONNECTIONS, worker),
    ),
    torrents: ws.sum(wsColumns.TORRENTS),
    peers: seeders + ws.sum(wsColumns.LEECHERS),
    seeders,
  };
}

const WS_RATES = ["announce", "scrape", "offer", "answer", "error"] as const;
const HTTP_RATES = ["announce", "scrape", "error"] as const;
const RATES = ["requests", "connect", "announce", "scrape", "error"] as const;

/**
 * The line: rates over `seconds` between two readings, then stocks.
 *
 *     statistics torrents=2 ipv4: requests/s=10 connect/s=4 announce/s=5 scrape/s=1 error/s=0 peers=3 seeders=1 ipv6: …
 */
export function formatStatisticsLine(
  before: Statistics,
  after: Statistics,
  seconds: number,
): string {
  const parts = FAMILIES.map((family) => {
    const rates = RATES.map((name) => {
      const perSecond = (after[family][name] - before[family][name]) / seconds;
      return `${name}/s=${Math.round(perSecond)}`;
    });
    const { peers, seeders } = after[family];
    return `${family}: ${rates.join(" ")} peers=${peers} seeders=${seeders}`;
  });
  if (after.http !== undefined) {
    const { http } = after;
    const rates = HTTP_RATES.map((name) => {
      const perSecond = (http[name] - (before.http?.[name] ?? 0)) / seconds;
      return `${name}/s=${Math.round(perSecond)}`;
    });
    parts.push(`http: ${rates.join(" ")} connections=${http.connections}`);
  }
  if (after.ws !== undefined) {
    const { ws } = after;
    const rates = WS_RATES.map((name) => {
      const perSecond = (ws[name] - (before.ws?.[name] ?? 0)) / seconds;
      return `${name}/s=${Math.round(perSecond)}`;
    });
    const { connections, torrents, peers, seeders } = ws;
    parts.push(
      `ws: ${rates.join(" ")} connections=${connections} torrents=${torrents} peers=${peers} seeders=${seeders}`,
    );
  }
  return `statistics torrents=${after.torrents} ${parts.join(" ")}`;
}

/** The same since the start, in sums: the last line of a program that stops. */
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
  return `statistics of ${seconds} seconds torrents=${statistics.torrents} ${parts.join(" ")}`;
}
