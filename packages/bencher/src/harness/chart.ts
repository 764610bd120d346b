/**
 * Horizontal bars as SVG, for the charts in README and docs/benchmarks. Text is dark on a white ground, so that the
 * picture reads on any page.
 */

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly isOurs: boolean;
}

const WIDTH = 810;
const LABEL_WIDTH = 240;
const BAR_HEIGHT = 26;
const BAR_GAP = 10;
const VALUE_WIDTH = 130;
const TITLE_HEIGHT = 34;

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

/** The bar of a server: under its name in `labels`, else swarmtide with the Node.js that ran it. */
export function serverBar(
  server: string,
  value: number,
  text: string,
  versions: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): Bar {
  const isOurs = server.startsWith("swarmtide");
  const node = /Node\.js v(\d+)/.exec(versions[server] ?? "")?.[1] ?? "?";
  const label = labels[server] ?? (isOurs ? `swarmtide, Node ${node}` : server);
  return { label, value, text, isOurs };
}
