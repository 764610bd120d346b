/**
 * The strict reader: layers of values in (a TOML file, settings, options of a program), configuration object out, or a
 * ConfigError with every problem at once. Called by the runtime and by programs on the main thread before anything is bound.
 *
 * Missing keys and sections take their defaults; anything unknown, doubled or out of range is refused, because a
 * misspelt limit that is silently ignored is found out on the worst day.
 */
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import {
  type ConfigLayer,
  camelCase,
  isTable,
  type KeyPath,
  LayeredTable,
  NO_OPTION,
  optionsLayer,
  SettingText,
  tomlLayer,
} from "./layers.ts";
import { nearestName } from "./nearest.ts";
import type { Table } from "./parse-toml.ts";
import type { ConfigOf, ConfigOptionsOf, Entries, KeySchema, SectionSchema } from "./schema.ts";
import { show } from "./show.ts";

/** The configuration of layers, of which later ones count before earlier ones. Throws ConfigError. */
export function readLayers<E extends Entries>(
  schema: SectionSchema<E>,
  layers: readonly ConfigLayer[],
): ConfigOf<SectionSchema<E>> {
  return new Reader(schema, layers).read() as ConfigOf<SectionSchema<E>>;
}

/** The configuration of a TOML text. `fileName` only names the file in errors. Throws ConfigError. */
export const readConfig = <E extends Entries>(
  schema: SectionSchema<E>,
  text: string,
  fileName: string,
): ConfigOf<SectionSchema<E>> => readLayers(schema, [tomlLayer(text, fileName)]);

/**
 * The configuration of an object with camelCase keys, any of which may be missing, such as a program passes. Checked like a
 * file; errors name keys as the program wrote them. Throws ConfigError.
 */
export const readOptions = <E extends Entries>(
  schema: SectionSchema<E>,
  options: ConfigOptionsOf<SectionSchema<E>>,
): ConfigOf<SectionSchema<E>> => readLayers(schema, [optionsLayer(options)]);

/** The configuration of an empty file: every default. */
export const defaultConfig = <E extends Entries>(
  schema: SectionSchema<E>,
): ConfigOf<SectionSchema<E>> => readLayers(schema, []);

/** What a layer that sets nothing would say: of a default. */
const NO_LAYER = tomlLayer("", "defaults");

class Reader {
  readonly #root: SectionSchema<Entries>;
  readonly #layers: LayeredTable;
  readonly #problems: ConfigProblem[] = [];

  constructor(root: SectionSchema<Entries>, layers: readonly ConfigLayer[]) {
    this.#root = root;
    this.#layers = new LayeredTable(layers);
  }

  read(): object {
    const config = this.#section(this.#root, this.#layers.table, []);
    if (this.#problems.length > 0) {
      this.#problems.sort((left, right) => (left.line ?? 0) - (right.line ?? 0));
      throw new ConfigError(this.#problems);
    }
    return config;
  }

  #section(schema: SectionSchema<Entries>, table: Table, path: KeyPath): object {
    const before = this.#problems.length;
    const config: Record<string, unknown> = {};
    for (const name of Object.keys(table))
      if (!Object.hasOwn(schema.entries, name)) this.#unknown(schema, table[name], [...path, name]);
    for (const [name, entry] of Object.entries(schema.entries)) {
      const value = Object.hasOwn(table, name) ? table[name] : undefined;
      const here = [...path, name];
      config[camelCase(name)] =
        entry.kind === "key" ? this.#key(entry, value, here) : this.#table(entry, value, here);
    }
    if (this.#problems.length === before) {
      const problem = schema.check(config as never); // Complete, since every key was in order.
      if (problem) {
        const names = problem.key.split(".");
        const { entry, value } = lookUp(schema, table, names);
        const isUnset = value === undefined || value === NO_OPTION;
        const shown = isUnset && entry?.kind === "key" ? entry.print(entry.default) : show(value);
        this.#report([...path, ...names], shown, `expected ${problem.expected}`);
      }
    }
    return config;
  }

  #table(schema: SectionSchema<Entries>, value: unknown, path: KeyPath): object {
    if (value !== undefined && !isTable(value)) {
      const complaint = Array.isArray(value)
        ? `expected one section, written ${this.#sectionName(path)} with single brackets`
        : `expected a section, written ${this.#sectionName(path)}`;
      this.#report(path, show(value), complaint);
      return {};
    }
    return this.#section(schema, value ?? {}, path);
  }

  #key(schema: KeySchema<unknown>, value: unknown, path: KeyPath): unknown {
    if (value === undefined) return schema.default;
    const accepted = accept(schema, value);
    if (accepted !== undefined) return accepted.value;
    const meant = typeof value === "string" ? nearestName(value, schema.choices) : undefined;
    const hint = meant === undefined ? "" : ` (did you mean "${meant}"?)`;
    this.#report(path, show(value), `expected ${schema.expected}${hint}`);
    return schema.default;
  }

  #unknown(schema: SectionSchema<Entries>, value: unknown, path: KeyPath): void {
    const name = path.at(-1) ?? "";
    const inTable = (kind: "key" | "section") =>
      Object.entries(schema.entries).flatMap(([other, entry]) =>
        entry.kind === kind ? [other] : [],
      );
    if (isTable(value) || isTableList(value)) {
      const near = nearestName(name, inTable("section"));
      const named = (other: string) => this.#layerOf(path).sectionName([other]);
      const known = inTable("section").map(named);
      const remedy = near ? `did you mean ${named(near)}?` : `known are ${known.join(", ")}`;
      const complaint =
        path.length > 1 ? "a section inside a section" : `unknown section, ${remedy}`;
      this.#report(path, undefined, complaint);
      return;
    }
    const beside = (other: string) => this.#layerOf(path).keyName([...path.slice(0, -1), other]);
    const renamed = Object.hasOwn(schema.renamed, name) ? schema.renamed[name] : undefined;
    if (renamed !== undefined) {
      this.#report(path, undefined, `is now ${beside(renamed)}`);
      return;
    }
    const elsewhere = this.#homeOf(path);
    const near = nearestName(name, inTable("key"));
    const remedy = elsewhere
      ? `it belongs ${elsewhere}`
      : near
        ? `did you mean ${beside(near)}?`
        : `known here are ${inTable("key").join(", ")}`;
    this.#report(path, undefined, `unknown key, ${remedy}`);
  }

  /** Where else a key of this name is known: `in [swarm]`, `in [udp] or [http]`, `above the first [section]`. */
  #homeOf(path: KeyPath): string | undefined {
    const name = path.at(-1) ?? "";
    const { entries } = this.#root;
    if (path.length > 1 && entries[name]?.kind === "key") return "above the first [section]";
    const homes = Object.entries(entries).flatMap(([sectionName, entry]) =>
      entry.kind === "section" && entry.entries[name]?.kind === "key"
        ? [this.#layerOf(path).sectionName([sectionName])]
        : [],
    );
    const last = homes.pop();
    if (last === undefined) return undefined;
    return `in ${homes.length === 0 ? last : `${homes.join(", ")} or ${last}`}`;
  }

  #layerOf(path: KeyPath): ConfigLayer {
    return this.#layers.layerOf(path) ?? NO_LAYER;
  }

  #sectionName(path: KeyPath): string {
    return this.#layerOf(path).sectionName(path);
  }

  #report(path: KeyPath, value: string | undefined, complaint: string): void {
    const layer = this.#layerOf(path);
    this.#problems.push({
      file: layer.nameOf(path),
      line: layer.lineOf(path),
      key: layer.keyName(path),
      value,
      complaint: layer.words(complaint, this.#root),
    });
  }
}

/** The entry that `names` lead to, and what the layers have there. */
function lookUp(schema: SectionSchema<Entries>, table: Table, names: KeyPath) {
  let entry: Entries[string] | undefined = schema;
  let value: unknown = table;
  for (const name of names) {
    entry = entry?.kind === "section" ? entry.entries[name] : undefined;
    value = isTable(value) ? value[name] : undefined;
  }
  return { entry, value };
}

/** What the program gets for a value of a layer; undefined where the key does not allow it. */
function accept<T>(schema: KeySchema<T>, value: unknown): { readonly value: T } | undefined {
  if (value instanceof SettingText) return schema.accept(value.value) ?? schema.accept(value.text);
  if (value !== NO_OPTION) return schema.accept(value);
  const none = schema.accept("");
  return none !== undefined && none.value === undefined ? none : { value: schema.default };
}

const isTableList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isTable);
