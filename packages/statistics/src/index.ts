/**
 * What a running tracker does, told in every form an operator asks for: page, JSON, Prometheus, line, files.
 */
export { HISTORY_SERIES, type HistorySeries } from "./api-history.ts";
export type {
  ApiStats,
  CertificateRow,
  ClientStats,
  PeersPerTorrent,
  ReloadStats,
  SwarmRow,
} from "./api-shape.ts";
export { ClientTally } from "./collect/client-tally.ts";
export { type Snapshot, StatisticsCollector } from "./collect/collector.ts";
export type {
  BudgetTotal,
  LatencyTotal,
  ProblemTotal,
  StatisticsSource,
  TrackerReading,
  TrafficTotal,
  WorkerTotal,
} from "./collect/source.ts";
export { PAGE_ADDRESS_DEFAULT, type StatisticsConfig, statisticsSection } from "./config.ts";
export { PeersPerTorrentCells } from "./export/peers-per-torrent-cells.ts";
export { TorrentPass, type TorrentPassSettings } from "./export/torrent-pass.ts";
export { writeHtmlFile } from "./report/html-file.ts";
export { formatStatisticsBlock, formatStatisticsJson } from "./report/text-block.ts";
export { Answers } from "./server/answers.ts";
export { loadPageFiles } from "./server/page-files.ts";
export { PrometheusText } from "./server/prometheus.ts";
export { StatisticsServer } from "./server/statistics-server.ts";
