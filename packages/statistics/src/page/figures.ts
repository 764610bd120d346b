/// <reference lib="dom" />
/** The key figures of the moment. Called with every snapshot. */
import type { ApiStats } from "../api-shape.ts";
import { byId, childrenOf, element, setText } from "./dom.ts";
import { formatBytes, formatCount, formatLatency, formatRate, formatShare } from "./format.ts";

interface Figure {
  readonly title: string;
  readonly value: string;
  readonly note: string;
}

/** Chosen so that an idle tracker shows zeros, not dashes. */
function figuresOf(stats: ApiStats): Figure[] {
  return [...trafficFigures(stats), ...loadFigures(stats)];
}

function trafficFigures({ requests, responses, swarms }: ApiStats): Figure[] {
  const { torrentsOfStores } = swarms;
  return [
    {
      title: "Requests a second",
      value: formatRate(requests.all.perSecond.tenSeconds),
      note: `${formatCount(requests.all.total)} in all`,
    },
    {
      title: "Responses a second",
      value: formatRate(responses.all.perSecond.tenSeconds),
      note: `${formatCount(responses.all.total)} in all`,
    },
    {
      title: "Torrents",
      value: formatCount(swarms.torrents),
      note: `${formatCount(torrentsOfStores.ws)} of WebTorrent`,
    },
    {
      title: "Peers",
      value: formatCount(swarms.peers),
      note: `${formatCount(swarms.seeders)} seeders`,
    },
    {
      title: "Completed",
      value: formatCount(swarms.completed.total),
      note: `${formatRate(swarms.completed.perSecond.minute)} a second`,
    },
  ];
}

function loadFigures(stats: ApiStats): Figure[] {
  const { bandwidth, memory, process } = stats;
  const tcp = stats.connections.find(({ transport }) => transport === "tcp");
  const ws = stats.connections.find(({ transport }) => transport === "ws");
  const slowest = stats.latency
    .filter(({ worker, minute }) => worker === null && minute.count > 0)
    .reduce<ApiStats["latency"][number] | undefined>(
      (worst, row) => (worst && worst.minute.p99Seconds >= row.minute.p99Seconds ? worst : row),
      undefined,
    );
  const used = memory.budgets.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  const limit = memory.budgets.reduce((sum, { limitBytes }) => sum + limitBytes, 0);
  return [
    {
      title: "Connections",
      value: formatCount(tcp?.open ?? 0),
      note: `${formatCount(ws?.open ?? 0)} WebSocket, at most ${formatCount(tcp?.limit)}`,
    },
    {
      title: "Sent a second",
      value: formatBytes(bandwidth.sent.perSecond.tenSeconds),
      note: `${formatBytes(bandwidth.received.perSecond.tenSeconds)} received`,
    },
    {
      title: "Slowest 1 % of requests",
      value: slowest ? `≥ ${formatLatency(slowest.minute.p99Seconds)}` : "no requests",
      note: slowest
        ? `half within ${formatLatency(slowest.minute.p50Seconds)}, ${slowest.protocol}, last minute`
        : "in the last minute",
    },
    {
      title: "Processor",
      value: formatShare(process.cpuCores / Math.max(process.cpuCoresAvailable, 1)),
      note: `${process.cpuCores.toFixed(2)} of ${process.cpuCoresAvailable} cores`,
    },
    {
      title: "Memory for peers",
      value: formatBytes(used),
      note: `${formatShare(limit > 0 ? used / limit : null)} of ${formatBytes(limit)}`,
    },
  ];
}

function makeFigure(): Element {
  const box = element("div");
  const value = element("dd");
  value.append(element("div", "value"), element("div", "note"));
  box.append(element("dt"), value);
  return box;
}

/** Shows the figures. */
export function showFigures(stats: ApiStats): void {
  const figures = figuresOf(stats);
  const boxes = childrenOf(byId("figure-list"), figures.length, makeFigure);
  for (const [index, figure] of figures.entries()) {
    const [title, body] = boxes[index]?.children ?? [];
    const [value, note] = body?.children ?? [];
    if (!title || !value || !note) continue;
    setText(title, figure.title);
    setText(value, figure.value);
    setText(note, figure.note);
  }
}
