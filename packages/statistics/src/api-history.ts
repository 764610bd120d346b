/**
 * The charts of `GET /api/stats`: what series there are and how they are sent. A part of api-shape.ts, which documents the
 * whole format. Main thread.
 */

/** The series of the charts. All are per second or "now", as the unit says. */
export const HISTORY_SERIES = [
  "requestsUdp",
  "requestsHttp",
  "requestsWs",
  "responsesUdp",
  "responsesHttp",
  "responsesWs",
  "errors",
  "problems",
  "receivedBytes",
  "sentBytes",
  "torrents",
  "peers",
  "seeders",
  "connections",
  "latencyP50Seconds",
  "latencyP99Seconds",
  "memoryUsedBytes",
  "residentBytes",
  "cpuShare",
] as const;

export type HistorySeries = (typeof HISTORY_SERIES)[number];

/** One point of every series; null where nothing was measured. */
export interface HistoryPoint {
  readonly timeSeconds: number;
  readonly values: Readonly<Record<HistorySeries, number | null>>;
}

/** Aligned arrays, oldest first, as charts take them. A gap in the measurement is a gap in `timeSeconds`. */
export interface HistoryRing {
  readonly stepSeconds: number;
  /** At most so many points are kept. */
  readonly pointsMax: number;
  /** Unix time of each point in whole seconds. */
  readonly timeSeconds: readonly number[];
  readonly series: Readonly<Record<HistorySeries, readonly (number | null)[]>>;
}
