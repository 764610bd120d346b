/**
 * Draws the result of `npm run bench:udp` as an SVG with two rows of bars, for the README:
 *
 *   node packages/bencher/dist/udp-chart.js bench-results/udp-….json > docs/benchmarks/udp.svg
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { summarizeServers, type UdpResults } from "./udp-results.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly isOurs: boolean;
}

const WIDTH = 760;
const LABEL_WIDTH = 190;
const BAR_HEIGHT = 26;
const BAR_GAP = 10;
const VALUE_WIDTH = 130;
const TITLE_HEIGHT = 34;

const ALTERNATIVE_TEXT = "UDP responses per second and memory of swarmtide beside aquatic_udp";

const LABELS: Readonly<Record<string, string>> = {
  floor: "C echo (floor)",
  aquatic_udp: "aquatic_udp 0.9.0",
  swarmtide: "swarmtide",
};

/** The chart of all servers that ran; text takes the colour of the page it stands on. */
export function drawUdpChart(results: UdpResults): string {
  const summaries = summarizeServers(results.rounds);
  const speed = summaries.map<Bar>((summary) => ({
    label: LABELS[summary.server] ?? summary.server,
    value: summary.responsesPerSecond,
    text: `${Math.round(summary.responsesPerSecond / 1000)},000/s`,
    isOurs: summary.server === "swarmtide",
  }));
  const memory = summaries
    .filter((summary) => summary.server !== "floor")
    .map<Bar>((summary) => ({
      label: LABELS[summary.server] ?? summary.server,
      value: summary.growthBytes,
      text: `${Math.round(summary.growthBytes / 2 ** 20)} MiB`,
      isOurs: summary.server === "swarmtide",
    }));
  return drawChart(ALTERNATIVE_TEXT, [
    { title: "UDP responses per second, one core (more is better)", bars: speed },
    { title: "Memory for 1 M torrents and 2 M peers (less is better)", bars: memory },
  ]);
}

/** Bars under their titles, one block below the other. */
export function drawChart(
  alternativeText: string,
  blocks: readonly { readonly title: string; readonly bars: readonly Bar[] }[],
): string {
  let height = 0;
  const lines: string[] = [];
  for (const { title, bars } of blocks) {
    const block = drawBars(title, bars, height);
    lines.push(...block.lines);
    height += block.height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="14" role="img" aria-label="${alternativeText}">`,
    `<title>${alternativeText}</title>`,
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="#ffffff"/>`,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}

function drawBars(title: string, bars: readonly Bar[], top: number) {
  const largest = Math.max(...bars.map((bar) => bar.value));
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const lines = [
    `<text x="16" y="${top + 24}" font-weight="bold" fill="#1f2933">${escapeText(title)}</text>`,
  ];
  bars.forEach((bar, index) => {
    const y = top + TITLE_HEIGHT + index * (BAR_HEIGHT + BAR_GAP);
    const width = Math.max(1, Math.round((bar.value / largest) * room));
    const middle = y + BAR_HEIGHT / 2 + 5;
    lines.push(
      `<text x="16" y="${middle}" fill="#1f2933">${escapeText(bar.label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="3" fill="${bar.isOurs ? "#0b7285" : "#adb5bd"}"/>`,
      `<text x="${LABEL_WIDTH + width + 8}" y="${middle}" fill="#1f2933">${escapeText(bar.text)}</text>`,
    );
  });
  return { lines, height: TITLE_HEIGHT + bars.length * (BAR_HEIGHT + BAR_GAP) + 12 };
}

function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , file] = process.argv;
  if (file === undefined) {
    console.error("Usage: node packages/bencher/dist/udp-chart.js RESULT.json > CHART.svg");
    process.exit(2);
  }
  process.stdout.write(drawUdpChart(JSON.parse(readFileSync(file, "utf8"))));
}
