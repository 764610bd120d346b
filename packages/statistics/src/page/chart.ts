/// <reference lib="dom" />
/**
 * One chart: uPlot's canvas, a legend with the values under the cursor or the newest, and the same in words for who cannot see
 * the canvas. The arrow keys move the cursor from point to point.
 */
import type uPlotType from "uplot";
import type { ChartData } from "./chart-history.ts";
import type { ChartDefinition, ChartLine } from "./chart-list.ts";
import { childrenOf, element, setText } from "./dom.ts";
import { UNKNOWN } from "./format.ts";

/** Loaded by a script element of index.html before any module. */
declare const uPlot: typeof uPlotType;

const HEIGHT_PIXELS = 170;
const AXIS_PIXELS = 70;
const POINTS_A_JUMP = 10;
/** Distances between the marks of an axis of bytes, up to a TiB. */
const POWERS_OF_TWO = Array.from({ length: 41 }, (_, power) => 2 ** power);

/** Distances between the marks of an axis of things that are counted, up to some billions. */
const WHOLE_NUMBERS = Array.from({ length: 10 }, (_, power) =>
  [1, 2, 5].map((digit) => digit * 10 ** power),
).flat();

const colourOf = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const minutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat("en-GB", {
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit" },
});
/** The times of the horizontal axis, with seconds where minutes would repeat. */
function formatTimes(times: readonly number[]): string[] {
  const isFine = (times[1] ?? 0) - (times[0] ?? 0) < 60;
  return times.map((time) => (isFine ? seconds : minutes).format(time * 1000));
}

/** A chart and its place in the page. */
export class Chart {
  readonly figure = element("figure");
  readonly #definition: ChartDefinition;
  readonly #plotArea = element("div", "plot");
  readonly #legend = element("ul", "legend");
  #plot: uPlotType | undefined;
  #data: ChartData = [[]];

  constructor(definition: ChartDefinition) {
    this.#definition = definition;
    const caption = element("figcaption");
    caption.append(element("h3", "", definition.title), this.#legend);
    this.figure.append(caption, this.#plotArea);
    this.#plotArea.tabIndex = 0;
    this.#plotArea.setAttribute("role", "img");
    this.#plotArea.addEventListener("keydown", (event) => this.#moveCursor(event));
    const resize = new ResizeObserver(() => {
      const width = this.#plotArea.clientWidth;
      if (width > 0) this.#plot?.setSize({ width, height: HEIGHT_PIXELS });
    });
    resize.observe(this.#plotArea);
  }

  /** Draws new data; `rangeName` goes into the description: "5 minutes". */
  show(data: ChartData, rangeName: string): void {
    this.#data = data;
    if (this.#plot) this.#plot.setData(data as uPlotType.AlignedData);
    else this.#plot = this.#makePlot();
    this.#describe(rangeName);
    this.#showLegend(this.#plot.cursor.idx ?? undefined);
  }

  /** Draws anew, in the colours of another theme. */
  recolour(): void {
    this.#plot?.destroy();
    this.#plot = this.#makePlot();
  }

  #makePlot(): uPlotType {
    const { format, isBinary, isWhole, lines } = this.#definition;
    const axis = { stroke: colourOf("--quiet"), font: "12px system-ui, sans-serif" };
    const grid = { stroke: colourOf("--line"), width: 1 };
    const options: uPlotType.Options = {
      width: Math.max(this.#plotArea.clientWidth, 200),
      height: HEIGHT_PIXELS,
      legend: { show: false },
      cursor: { sync: { key: "swarmtide" }, drag: { x: false, y: false } },
      scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] } },
      axes: [
        { ...axis, grid, ticks: grid, space: 70, values: (_plot, times) => formatTimes(times) },
        {
          ...axis,
          ...{ grid, ticks: grid, size: AXIS_PIXELS },
          ...(isBinary ? { incrs: POWERS_OF_TWO } : {}),
          ...(isWhole ? { incrs: WHOLE_NUMBERS } : {}),
          values: (_plot, values) => values.map((value) => format(value)),
        },
      ],
      series: [{}, ...lines.map((line) => seriesOf(line))],
      hooks: { setCursor: [(plot) => this.#showLegend(plot.cursor.idx ?? undefined)] },
    };
    return new uPlot(options, this.#data as uPlotType.AlignedData, this.#plotArea);
  }

  #showLegend(index: number | undefined): void {
    const { format, lines } = this.#definition;
    const items = childrenOf(this.#legend, lines.length, () => {
      const item = element("li");
      item.append(element("span", "swatch"), element("span"));
      return item;
    });
    for (const [at, item] of items.entries()) {
      const line = lines[at];
      const [swatch, text] = item.children;
      if (!line || !(swatch instanceof HTMLElement) || !text) continue;
      swatch.className = line.isDashed ? "swatch dashed" : "swatch";
      swatch.style.setProperty("--colour", `var(${line.colour})`);
      const values = this.#data[at + 1] ?? [];
      setText(text, `${line.label} ${format(values[index ?? values.length - 1])}`);
    }
  }

  #describe(rangeName: string): void {
    const { title, format, lines } = this.#definition;
    const told = lines.map(({ label }, at) => {
      let [least, most, newest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
      for (const value of this.#data[at + 1] ?? []) {
        if (value === null || value === undefined) continue;
        least = Math.min(least, value);
        most = Math.max(most, value);
        newest = value;
      }
      if (most < least) return `${label}: not measured yet`;
      return `${label}: now ${format(newest)}, lowest ${format(least)}, highest ${format(most)}`;
    });
    const label = `Chart of the last ${rangeName}. ${title}. ${told.join("; ")}.`;
    this.#plotArea.setAttribute("aria-label", label);
  }

  #moveCursor(event: KeyboardEvent): void {
    const direction = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    const [times] = this.#data;
    if (direction === 0 || !this.#plot || times.length === 0) return;
    event.preventDefault();
    const step = direction * (event.shiftKey ? POINTS_A_JUMP : 1);
    const from = this.#plot.cursor.idx ?? times.length - 1;
    const index = Math.min(Math.max(from + step, 0), times.length - 1);
    const left = this.#plot.valToPos(times[index] ?? 0, "x");
    this.#plot.setCursor({ left, top: HEIGHT_PIXELS / 2 });
  }
}

function seriesOf({ label, colour, isDashed }: ChartLine): uPlotType.Series {
  return {
    label,
    stroke: colourOf(colour),
    width: 2,
    points: { show: false },
    value: (_plot, value) => (value === null ? UNKNOWN : String(value)),
    ...(isDashed ? { dash: [6, 4] } : {}),
  };
}
