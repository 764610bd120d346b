/**
 * The strict reader: TOML text in, configuration object out, or a ConfigError with every problem of the file. Called
 * by the runtime on the main thread before anything is bound. TOML itself is parsed by `parseToml`.
 *
 * Missing keys and sections take their defaults; anything unknown, doubled or out of range is refused, because a
 * misspelt limit that is silently ignored is found out on the worst day.
 */
import { TomlDate } from "smol-toml";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { lineOfKey, locateStatements, type Place } from "./locate.ts";
import { nearestName } from "./nearest.ts";
import { FileReadError, readOperatorFile } from "./operator-file.ts";
import { parseToml, type Table, wholeFileProblem } from "./parse-toml.ts";
import type { ConfigOf, Entries, KeySchema, SectionSchema } from "./schema.ts";

/** The longest configuration file. */
const FILE_BYTES_MAX = 2 ** 20;
const SHOWN_VALUE_CHARS_MAX = 60;

/** The configuration of a TOML text. `fileName` only names the file in errors. Throws ConfigError. */
export function readConfig<E extends Entries>(
  schema: SectionSchema<E>,
  text: string,
  fileName: string,
): ConfigOf<SectionSchema<E>> {
  const table = parseToml(text, fileName);
  return new Reader(text, fileName).read(schema, table) as ConfigOf<SectionSchema<E>>;
}

/** Reads a configuration file. Throws ConfigError, also where the file is missing, unreadable or not UTF-8. */
export function readConfigFile<E extends Entries>(
  schema: SectionSchema<E>,
  filePath: string,
): ConfigOf<SectionSchema<E>> {
  let bytes: Uint8Array;
  try {
    bytes = readOperatorFile(filePath, FILE_BYTES_MAX);
  } catch (error) {
    throw unreadable(filePath, undefined, describeReadFailure(error));
  }
  return readConfig(schema, decodeUtf8(bytes, filePath), filePath);
}

/** The configuration of an empty file: every default. */
export function defaultConfig<E extends Entries>(
  schema: SectionSchema<E>,
): ConfigOf<SectionSchema<E>> {
  return readConfig(schema, "", "defaults");
}

/** `peer_announce_interval` → `peerAnnounceInterval`. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, char: string) => char.toUpperCase());

class Reader {
  readonly #fileName: string;
  readonly #text: string;
  readonly #problems: ConfigProblem[] = [];
  #places: readonly Place[] | undefined;

  constructor(text: string, fileName: string) {
    this.#text = text;
    this.#fileName = fileName;
  }

  read(schema: SectionSchema<Entries>, table: Table): object {
    const config = this.#section(schema, table, [], schema);
    if (this.#problems.length > 0) {
      this.#problems.sort((left, right) => (left.line ?? 0) - (right.line ?? 0));
      throw new ConfigError(this.#problems);
    }
    return config;
  }

  #section(
    schema: SectionSchema<Entries>,
    table: Table,
    path: readonly string[],
    root: SectionSchema<Entries>,
  ): object {
    const before = this.#problems.length;
    const config: Record<string, unknown> = {};
    for (const name of Object.keys(table))
      if (!Object.hasOwn(schema.entries, name))
        this.#unknown(schema, table[name], [...path, name], root);
    for (const [name, entry] of Object.entries(schema.entries)) {
      const value = Object.hasOwn(table, name) ? table[name] : undefined;
      const here = [...path, name];
      config[camelCase(name)] =
        entry.kind === "key"
          ? this.#key(entry, value, here)
          : this.#table(entry, value, here, root);
    }
    if (this.#problems.length === before) {
      const problem = schema.check(config as never); // Complete, since every key was in order.
      if (problem) {
        const names = problem.key.split(".");
        const { entry, value } = lookUp(schema, table, names);
        const shown =
          value === undefined && entry?.kind === "key" ? entry.print(entry.default) : show(value);
        this.#report([...path, ...names], shown, `expected ${problem.expected}`);
      }
    }
    return config;
  }

  #table(
    schema: SectionSchema<Entries>,
    value: unknown,
    path: readonly string[],
    root: SectionSchema<Entries>,
  ): object {
    if (value !== undefined && !isTable(value)) {
      const complaint = Array.isArray(value)
        ? `expected one section, written [${path.join(".")}] with single brackets`
        : `expected a section, written [${path.join(".")}]`;
      this.#report(path, show(value), complaint);
      return {};
    }
    return this.#section(schema, value ?? {}, path, root);
  }

  #key(schema: KeySchema<unknown>, value: unknown, path: readonly string[]): unknown {
    if (value === undefined) return schema.default;
    const accepted = schema.accept(value);
    if (accepted !== undefined) return accepted.value;
    const meant = typeof value === "string" ? nearestName(value, schema.choices) : undefined;
    const hint = meant === undefined ? "" : ` (did you mean "${meant}"?)`;
    this.#report(path, show(value), `expected ${schema.expected}${hint}`);
    return schema.default;
  }

  #unknown(
    schema: SectionSchema<Entries>,
    value: unknown,
    path: readonly string[],
    root: SectionSchema<Entries>,
  ): void {
    const name = path.at(-1) ?? "";
    const inTable = (kind: "key" | "section") =>
      Object.entries(schema.entries).flatMap(([other, entry]) =>
        entry.kind === kind ? [other] : [],
      );
    if (isTable(value) || isTableList(value)) {
      const near = nearestName(name, inTable("section"));
      const known = inTable("section").map((other) => `[${other}]`);
      const remedy = near ? `did you mean [${near}]?` : `known are ${known.join(", ")}`;
      const complaint =
        path.length > 1 ? "a section inside a section" : `unknown section, ${remedy}`;
      this.#report(path, undefined, complaint);
      return;
    }
    const renamed = Object.hasOwn(schema.renamed, name) ? schema.renamed[name] : undefined;
    if (renamed !== undefined) {
      this.#report(path, undefined, `is now ${[...path.slice(0, -1), renamed].join(".")}`);
      return;
    }
    const elsewhere = homeOf(name, root, path.slice(0, -1));
    const near = nearestName(name, inTable("key"));
    const remedy = elsewhere
      ? `it belongs ${elsewhere}`
      : near
        ? `did you mean ${[...path.slice(0, -1), near].join(".")}?`
        : `known here are ${inTable("key").join(", ")}`;
    this.#report(path, undefined, `unknown key, ${remedy}`);
  }

  #report(path: readonly string[], value: string | undefined, complaint: string): void {
    this.#places ??= locateStatements(this.#text);
    this.#problems.push({
      file: this.#fileName,
      line: lineOfKey(this.#places, path),
      key: path.join("."),
      value,
      complaint,
    });
  }
}

/** The entry that `names` lead to, and what the file has there. */
function lookUp(schema: SectionSchema<Entries>, table: Table, names: readonly string[]) {
  let entry: Entries[string] | undefined = schema;
  let value: unknown = table;
  for (const name of names) {
    entry = entry?.kind === "section" ? entry.entries[name] : undefined;
    value = isTable(value) ? value[name] : undefined;
  }
  return { entry, value };
}

/** Where else a key of this name is known: `in [swarm]`, `above the first section`. */
function homeOf(
  name: string,
  root: SectionSchema<Entries>,
  path: readonly string[],
): string | undefined {
  if (path.length > 0 && root.entries[name]?.kind === "key") return "above the first [section]";
  for (const [sectionName, entry] of Object.entries(root.entries))
    if (entry.kind === "section" && entry.entries[name]?.kind === "key")
      return `in [${sectionName}]`;
  return undefined;
}

const unreadable = (file: string, line: number | undefined, complaint: string): ConfigError =>
  new ConfigError([wholeFileProblem(file, line, complaint)], "SWARMTIDE_CONFIG_UNREADABLE");

function describeReadFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "no such file; --print-config prints a complete one to start from";
  if (code === "EACCES") return "no permission to read it";
  if (code === "EISDIR") return "is a folder, expected a TOML file";
  if (error instanceof FileReadError) return error.message;
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** Decodes strictly and names the first line that is not UTF-8. */
function decodeUtf8(bytes: Uint8Array, filePath: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    let line = 1;
    for (let start = 0; start < bytes.length; line++) {
      const end = bytes.indexOf(0x0a, start);
      const stop = end < 0 ? bytes.length : end + 1;
      try {
        decoder.decode(bytes.subarray(start, stop));
      } catch {
        break;
      }
      start = stop;
    }
    throw unreadable(filePath, line, "not UTF-8 text; save the file as UTF-8");
  }
}

function isTable(value: unknown): value is Table {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof TomlDate)
  );
}

const isTableList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isTable);

/** A value about as it stands in the file, cut to what fits an error line. */
function show(value: unknown): string {
  const shown = showWhole(value);
  return shown.length <= SHOWN_VALUE_CHARS_MAX
    ? shown
    : `${shown.slice(0, SHOWN_VALUE_CHARS_MAX)}…`;
}

function showWhole(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map(showWhole).join(", ")}]`;
  if (isTable(value)) {
    const pairs = Object.entries(value).map(([name, inner]) => `${name} = ${showWhole(inner)}`);
    return `{ ${pairs.join(", ")} }`;
  }
  return String(value);
}
