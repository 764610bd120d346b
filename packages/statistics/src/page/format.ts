/** Numbers as the page writes them: short, with their unit, never "NaN". Called in the browser; knows nothing of it. */

const SUFFIXES = ["", " k", " M", " G", " T"];
const BYTE_SUFFIXES = [" B", " KiB", " MiB", " GiB", " TiB"];
/** What stands for a number that is not known. */
export const UNKNOWN = "–";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Three significant digits of a number below 1000. */
function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function scaled(value: number, base: number, suffixes: readonly string[]): string {
  let step = 0;
  let rest = value;
  // 999.5 would be written as 1000.
  while (rest >= base * 0.9995 && step < suffixes.length - 1) {
    rest /= base;
    step++;
  }
  const digits = step === 0 ? String(Math.round(rest)) : threeDigits(rest);
  return `${digits}${suffixes[step] ?? ""}`;
}

const isKnown = (value: number | null | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value);

/** `1,234`, from ten thousand on `12.3 k`. */
export function formatCount(value: number | null | undefined): string {
  if (!isKnown(value)) return UNKNOWN;
  return value < 10_000 ? grouped.format(value) : scaled(value, 1000, SUFFIXES);
}

/** Per second: `0.4`, `84`, `84.6 k`. */
export function formatRate(value: number | null | undefined): string {
  if (!isKnown(value)) return UNKNOWN;
  if (value === 0 || value >= 10) return formatCount(value);
  return value < 0.05 ? "< 0.1" : value.toFixed(1);
}

/** `512 B`, `1.50 MiB`. */
export function formatBytes(value: number | null | undefined): string {
  return isKnown(value) ? scaled(value, 1024, BYTE_SUFFIXES) : UNKNOWN;
}

/** `250 µs`, `1.20 ms`, `2.00 s`. */
export function formatLatency(seconds: number | null | undefined): string {
  if (!isKnown(seconds)) return UNKNOWN;
  if (seconds < 0.0009995) return `${Math.round(seconds * 1e6)} µs`;
  return seconds < 0.9995 ? `${threeDigits(seconds * 1000)} ms` : `${threeDigits(seconds)} s`;
}

/** `42 %`; a share that is not zero is never written as `0 %`. */
export function formatShare(share: number | null | undefined): string {
  if (!isKnown(share)) return UNKNOWN;
  if (share > 0 && share < 0.005) return "< 1 %";
  return `${Math.round(share * 100)} %`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

/** The two largest units: `2 d 3 h`, `4 min 5 s`, `0 s`. */
export function formatDuration(seconds: number | null | undefined): string {
  if (!isKnown(seconds)) return UNKNOWN;
  const parts: string[] = [];
  let rest = Math.max(0, Math.round(seconds));
  for (const [unit, length] of UNITS) {
    const amount = Math.floor(rest / length);
    rest -= amount * length;
    if (amount > 0 || (length === 1 && parts.length === 0)) parts.push(`${amount} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}
