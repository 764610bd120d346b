/** Shows a value in an error, about as it was written. Called by the reader. */
import { TomlDate } from "smol-toml";
import { isTable, SettingText } from "./layers.ts";

const SHOWN_VALUE_CHARS_MAX = 60;

/** A value about as it stands in the file, cut to what fits an error line. */
export function show(value: unknown): string {
  const shown = showWhole(value);
  return shown.length <= SHOWN_VALUE_CHARS_MAX
    ? shown
    : `${shown.slice(0, SHOWN_VALUE_CHARS_MAX)}…`;
}

function showWhole(value: unknown): string {
  if (value instanceof SettingText) return value.text;
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(showWhole).join(", ")}]`;
  if (isTable(value)) {
    const pairs = Object.entries(value).map(([name, inner]) => `${name} = ${showWhole(inner)}`);
    return `{ ${pairs.join(", ")} }`;
  }
  return String(value);
}
