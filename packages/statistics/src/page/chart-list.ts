/** Which charts the page draws, of which series, in which colours and units. */
import type { HistorySeries } from "../api-history.ts";
import { formatBytes, formatCount, formatLatency, formatRate, formatShare } from "./format.ts";

/** One line of a chart. */
export interface ChartLine {
  readonly series: HistorySeries;
  readonly label: string;
  /** A custom property of page.css. */
  readonly colour: string;
  /** Tells lines apart without colours. */
  readonly isDashed?: boolean;
}

/** One chart. All lines of a chart have one unit. */
export interface ChartDefinition {
  readonly title: string;
  readonly format: (value: number | null | undefined) => string;
  /** Whether marks stand at powers of two, as units of bytes do. */
  readonly isBinary?: boolean;
  /** Whether there is nothing between 0 and 1. */
  readonly isWhole?: boolean;
  readonly lines: readonly ChartLine[];
}

/** From what an operator looks at first to what explains it. */
export const CHARTS: readonly ChartDefinition[] = [
  {
    title: "Requests a second",
    format: formatRate,
    lines: [
      { series: "requestsUdp", label: "UDP", colour: "--udp" },
      { series: "requestsHttp", label: "HTTP", colour: "--http", isDashed: true },
      { series: "requestsWs", label: "WebTorrent", colour: "--ws" },
    ],
  },
  {
    title: "Responses a second",
    format: formatRate,
    lines: [
      { series: "responsesUdp", label: "UDP", colour: "--udp" },
      { series: "responsesHttp", label: "HTTP", colour: "--http", isDashed: true },
      { series: "responsesWs", label: "WebTorrent", colour: "--ws" },
    ],
  },
  {
    title: "Errors and drops a second",
    format: formatRate,
    lines: [
      { series: "errors", label: "Error responses", colour: "--bad" },
      {
        series: "problems",
        label: "Dropped, refused, failed",
        colour: "--warning",
        isDashed: true,
      },
    ],
  },
  {
    title: "Time inside the tracker",
    format: formatLatency,
    lines: [
      { series: "latencyP50Seconds", label: "Half within", colour: "--udp" },
      { series: "latencyP99Seconds", label: "99 % within", colour: "--bad", isDashed: true },
    ],
  },
  {
    title: "Peers",
    format: formatCount,
    isWhole: true,
    lines: [
      { series: "peers", label: "Peers", colour: "--udp" },
      { series: "seeders", label: "Seeders", colour: "--http", isDashed: true },
      { series: "torrents", label: "Torrents", colour: "--second" },
    ],
  },
  {
    title: "Bandwidth a second",
    format: formatBytes,
    isBinary: true,
    lines: [
      { series: "sentBytes", label: "Sent", colour: "--udp" },
      { series: "receivedBytes", label: "Received", colour: "--ws", isDashed: true },
    ],
  },
  {
    title: "Memory",
    format: formatBytes,
    isBinary: true,
    lines: [
      { series: "residentBytes", label: "Process", colour: "--second" },
      { series: "memoryUsedBytes", label: "Peers", colour: "--udp", isDashed: true },
    ],
  },
  {
    title: "TCP connections",
    format: formatCount,
    isWhole: true,
    lines: [{ series: "connections", label: "Open", colour: "--http" }],
  },
  {
    title: "Processor",
    format: formatShare,
    lines: [{ series: "cpuShare", label: "Busy", colour: "--ws" }],
  },
];
