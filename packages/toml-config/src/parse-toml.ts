/**
 * TOML text to tables, with complaints an operator understands: smol-toml says neither which key is set twice nor where
 * it stood first. Called by the reader.
 */
import { parse, TomlError } from "smol-toml";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { locateStatements, type Place } from "./locate.ts";

/** A parsed TOML table. */
export type Table = Readonly<Record<string, unknown>>;

/** Throws ConfigError. */
export function parseToml(text: string, fileName: string): Table {
  try {
    return parse(text.replace(/^\uFEFF/, ""), { integersAsBigInt: true });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const doubled = error.message.includes("redefine")
      ? doubledPlaces(text).map((place) => doubledProblem(place, fileName))
      : [];
    if (doubled.length > 0) throw new ConfigError(doubled);
    const reason = error.message.replace(/\n.*/s, "").replace(/^Invalid TOML document: /, "");
    const complaint = `not valid TOML: ${reason}`;
    throw new ConfigError([wholeFileProblem(fileName, error.line, complaint)]);
  }
}

/** The value of a text that could stand behind a `=`; undefined where it could not. */
export function parseTomlValue(text: string): unknown {
  if (/[\r\n]/.test(text)) return undefined;
  try {
    return parse(`value = ${text}`, { integersAsBigInt: true }).value;
  } catch (error) {
    if (error instanceof TomlError) return undefined;
    throw error;
  }
}

interface DoubledPlace {
  readonly first: Place;
  readonly second: Place;
}

/** Tables and keys that stand twice, which TOML forbids. */
function doubledPlaces(text: string): DoubledPlace[] {
  const seen = new Map<string, Place>();
  const doubled: DoubledPlace[] = [];
  for (const place of locateStatements(text)) {
    const name = JSON.stringify(place.path);
    const first = seen.get(name);
    if (first === undefined) seen.set(name, place);
    else doubled.push({ first, second: place });
  }
  return doubled;
}

const doubledProblem = ({ first, second }: DoubledPlace, file: string): ConfigProblem => ({
  file,
  line: second.line,
  key: second.isHeader ? `[${second.path.join(".")}]` : second.path.join("."),
  value: undefined,
  complaint: `is set a second time, first on line ${first.line}; keep one`,
});

/** A problem of the whole file, or of a line of it. */
export const wholeFileProblem = (
  file: string,
  line: number | undefined,
  complaint: string,
): ConfigProblem => ({ file, line, key: "", value: undefined, complaint });
