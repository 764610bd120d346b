/**
 * Where values of a configuration come from: a TOML file, settings of the command line and the environment, an object of
 * a program. Each source is a layer with a table of TOML names and values; of several layers the later one counts. A layer
 * also knows how its author wrote a key, so that an error names it in the author's own words. Made by the reader's callers.
 */
import { lineOfKey, locateStatements, type Place } from "./locate.ts";
import { parseToml, parseTomlValue, type Table } from "./parse-toml.ts";
import type { Entries, SectionSchema, SocketAddress } from "./schema.ts";

/** The names of keys on the way to a value: `["udp", "workers"]`. */
export type KeyPath = readonly string[];

/** One source of values. */
export interface ConfigLayer {
  readonly table: Table;
  /** What an error names as the file: `config.toml`, `command line`. */
  nameOf(path: KeyPath): string;
  /** The line of a key, where the source has lines. */
  lineOf(path: KeyPath): number | undefined;
  /** A key as it is written there: `udp.workers`. */
  keyName(path: KeyPath): string;
  /** A section as it is written there: `[udp]`. */
  sectionName(path: KeyPath): string;
  /** A text that may name keys of `schema`. */
  words(text: string, schema: SectionSchema<Entries>): string;
}

/** How keys are written in TOML, on the command line and in the environment. */
const snakeWords = {
  keyName: (path: KeyPath) => path.join("."),
  sectionName: (path: KeyPath) => `[${path.join(".")}]`,
  words: (text: string) => text,
};

/** A TOML text. `fileName` only names it in errors. Throws ConfigError where it is not TOML. */
export function tomlLayer(text: string, fileName: string): ConfigLayer {
  let places: readonly Place[] | undefined;
  return {
    ...snakeWords,
    table: parseToml(text, fileName),
    nameOf: () => fileName,
    lineOf(path) {
      places ??= locateStatements(text);
      return lineOfKey(places, path);
    },
  };
}

/** One setting of the command line or the environment. */
export interface Setting {
  readonly path: KeyPath;
  /** The value as it was typed: TOML, or a text without quotes. */
  readonly text: string;
  /** What an error names: `--set`, `SWARMTIDE__UDP__WORKERS`. */
  readonly source: string;
}

/** A value that may be TOML or a plain text; which of them, the key decides. */
export class SettingText {
  readonly text: string;
  /** Undefined where the text is not a TOML value. */
  readonly value: unknown;

  constructor(text: string) {
    this.text = text;
    this.value = parseTomlValue(text);
  }
}

/** Settings; of two for one key the later one counts. */
export function settingsLayer(settings: readonly Setting[]): ConfigLayer {
  const table = emptyTable();
  for (const { path, text } of settings) {
    const [first = "", ...rest] = path;
    const value = new SettingText(text);
    const inner = isTable(table[first]) ? table[first] : {};
    table[first] =
      rest.length === 0 ? value : Object.assign(emptyTable(), inner, { [rest.join(".")]: value });
  }
  return {
    ...snakeWords,
    table,
    nameOf: (path) => {
      const isOf = (setting: Setting) => path.every((name, i) => name === setting.path[i]);
      return settings.findLast(isOf)?.source ?? "";
    },
    lineOf: () => undefined,
  };
}

/** `peer_announce_interval` → `peerAnnounceInterval`. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, char: string) => char.toUpperCase());

/** `peerAnnounceInterval` → `peer_announce_interval`; what is not camelCase keeps a form that no key has. */
const snakeCase = (name: string): string =>
  /^[a-z][A-Za-z0-9]*$/.test(name)
    ? name.replace(/[A-Z]/g, (char) => `_${char.toLowerCase()}`)
    : name.toUpperCase();

/** An object that a program passes, with camelCase keys. */
export function optionsLayer(options: object): ConfigLayer {
  const written = new Map<string, string>();
  const keyName = (path: KeyPath) =>
    path.map((name, i) => written.get(path.slice(0, i + 1).join(".")) ?? camelCase(name)).join(".");
  return {
    table: optionsTable(options, [], written),
    nameOf: () => "options",
    lineOf: () => undefined,
    keyName,
    sectionName: keyName,
    words: inWordsOfOptions,
  };
}

/** A text with the keys of `schema` as a program writes them: `udp.addressIpv4` for `udp.address_ipv4`. */
export function inWordsOfOptions(text: string, schema: SectionSchema<Entries>): string {
  const names = new Set<string>();
  const collect = ({ entries }: SectionSchema<Entries>) => {
    for (const [name, entry] of Object.entries(entries)) {
      names.add(name);
      if (entry.kind === "section") collect(entry);
    }
  };
  collect(schema);
  return text.replace(/\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b/g, (word) =>
    names.has(word) ? camelCase(word) : word,
  );
}

/** Names as in TOML, and values as a TOML parser hands them out. */
function optionsTable(options: object, path: KeyPath, written: Map<string, string>): Table {
  const table = emptyTable();
  for (const [name, value] of Object.entries(options)) {
    const here = [...path, snakeCase(name)];
    written.set(here.join("."), name);
    table[here.at(-1) ?? ""] = optionValue(value, here, written);
  }
  return table;
}

/** Undefined as an option: the key's own "none" where it has one, its default elsewhere. */
export const NO_OPTION: unique symbol = Symbol("undefined");

function optionValue(value: unknown, path: KeyPath, written: Map<string, string>): unknown {
  if (value === undefined) return NO_OPTION;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map((item) => optionValue(item, path, written));
  if (typeof value !== "object" || value === null) return value;
  if (isSocketAddress(value)) return socketText(value);
  return optionsTable(value, path, written);
}

const isSocketAddress = (value: object): value is SocketAddress =>
  "host" in value &&
  typeof value.host === "string" &&
  "port" in value &&
  Object.keys(value).length === 2;

/** `0.0.0.0:3000` or `[::]:3000`. */
const socketText = ({ host, port }: SocketAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Values of several layers as one table, and for each key the layer that gave it. */
export class LayeredTable {
  readonly table: Table;
  readonly #layers: readonly ConfigLayer[];
  readonly #origins = new Map<string, ConfigLayer>();

  constructor(layers: readonly ConfigLayer[]) {
    this.#layers = layers;
    let table = emptyTable();
    for (const layer of layers) table = this.#merge(table, layer.table, layer, []);
    this.table = table;
  }

  /** The layer that a key comes from; for one that no layer sets, the one that sets the nearest thing that holds it. */
  layerOf(path: KeyPath): ConfigLayer | undefined {
    for (let length = path.length; length > 0; length--) {
      const found = this.#origins.get(path.slice(0, length).join("."));
      if (found !== undefined) return found;
    }
    return this.#layers[0];
  }

  #merge(under: Table, over: Table, layer: ConfigLayer, path: KeyPath): Record<string, unknown> {
    const merged = Object.assign(emptyTable(), under);
    for (const [name, value] of Object.entries(over)) {
      const here = [...path, name];
      this.#origins.set(here.join("."), layer);
      const below = Object.hasOwn(merged, name) ? merged[name] : undefined;
      merged[name] =
        isTable(value) && (below === undefined || isTable(below))
          ? this.#merge(below ?? {}, value, layer, here)
          : value;
    }
    return merged;
  }
}

/** Without a prototype: no name is special, not even `__proto__`. */
const emptyTable = (): Record<string, unknown> => Object.create(null);

/** Whether a value is a table, of TOML or of a program. */
export const isTable = (value: unknown): value is Table =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value));
