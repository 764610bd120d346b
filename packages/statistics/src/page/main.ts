/// <reference lib="dom" />
/** The page's first module: passes the tracker's numbers to the parts that show them. Loaded by index.html. */
import type { ApiStats } from "../api-shape.ts";
import { Chart } from "./chart.ts";
import type { ChartHistory } from "./chart-history.ts";
import { CHARTS } from "./chart-list.ts";
import { byId, setText } from "./dom.ts";
import { showFigures } from "./figures.ts";
import { formatDuration, formatRate } from "./format.ts";
import { Poller, type PollListener, type PollState } from "./poller.ts";
import { followRange, followTheme } from "./preferences.ts";
import { showTables } from "./tables.ts";
import { showVerdicts } from "./verdicts.ts";

const charts = CHARTS.map((definition) => ({ definition, chart: new Chart(definition) }));
for (const { chart } of charts) byId("charts").append(chart.figure);

/** Tables that are wider than the screen can be scrolled with the keyboard; the others are not tab stops. */
function followScrolling(): void {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries)
      if (target instanceof HTMLElement && target.parentElement) {
        const box = target.parentElement;
        box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1;
      }
  });
  for (const table of document.querySelectorAll(".wide > table")) observer.observe(table);
}

let shown: { readonly stats: ApiStats; readonly history: ChartHistory } | undefined;
let rangeSeconds = 300;
let rangeName = "";

function drawCharts(): void {
  if (shown === undefined) return;
  const { stats, history } = shown;
  for (const { definition, chart } of charts) {
    const names = definition.lines.map(({ series }) => series);
    chart.show(history.select(rangeSeconds, stats.latest.timeSeconds, names), rangeName);
  }
}

function showIdentity({ process, responses }: ApiStats): void {
  const up = formatDuration(process.uptimeSeconds);
  setText(byId("identity"), `${process.version} on Node ${process.nodeVersion}, up ${up}`);
  document.title = `${formatRate(responses.all.perSecond.tenSeconds)}/s – swarmtide`;
}

const STATE_TEXTS: Readonly<Record<PollState, string>> = {
  live: "Live",
  starting: "Starting or stopping",
  lost: "No answer",
  locked: "Locked: reload this page",
  outdated: "Reload this page",
};

const listener: PollListener = {
  showState(state, sinceMilliseconds) {
    const pill = byId("connection");
    pill.dataset.state = state;
    const isAway = state === "lost" && shown !== undefined;
    const since = isAway ? ` for ${formatDuration(sinceMilliseconds / 1000)}` : "";
    setText(pill, `${STATE_TEXTS[state]}${since}`);
    if (state === "lost") document.title = "no answer – swarmtide";
  },
  showStats(stats, history) {
    shown = { stats, history };
    byId("main").hidden = false;
    showIdentity(stats);
    showVerdicts(stats);
    showFigures(stats);
    showTables(stats);
    drawCharts();
  },
};

const poller = new Poller(listener);
followTheme(() => {
  if (shown !== undefined) for (const { chart } of charts) chart.recolour();
});
followRange((seconds, name) => {
  rangeSeconds = seconds;
  rangeName = name;
  drawCharts();
});
followScrolling();
poller.poll();
