/**
 * What a running tracker does, told in every form an operator asks for: page, JSON, Prometheus, line, files.
 */
export { HISTORY_SERIES, type HistorySeries } from "./api-history.ts";
export { API_VERSION, type ApiStats } from "./api-shape.ts";
