/**
 * The building blocks of a configuration schema. A server declares its keys once with these builders; from that one
 * declaration follow the TypeScript type (`ConfigOf`), the strict reader, the commented default file and the
 * documentation page. Called at module load by every `config.ts`, on the main thread; schemas never cross threads,
 * the plain objects read by them do.
 *
 * TOML keys are snake_case, as operators write them; the keys of the TypeScript object are their camelCase twins
 * (`peer_announce_interval` → `peerAnnounceInterval`).
 */
import { isIPv4, isIPv6 } from "node:net";
import { parse } from "smol-toml";

/** What a TOML parser hands out. Whole numbers are bigint, so that `1` and `1.0` stay apart. */
export type TomlValue = unknown;

/** One key: its default, its meaning and what may stand behind its `=`. */
export interface KeySchema<T> {
  readonly kind: "key";
  readonly doc: string;
  readonly default: T;
  /** What is allowed, as it continues the word "expected": `a whole number from 0 to 9`. */
  readonly expected: string;
  /** The values of a choice, from which a misspelt one gets its suggestion. */
  readonly choices: readonly string[];
  /** The value the program gets, or undefined where the TOML value is not allowed. */
  accept(value: TomlValue): { readonly value: T } | undefined;
  /** The TOML text of a value that `accept` would take. */
  print(value: T): string;
}

/** What a check over several keys objects to: the key to change (`section.key` from the file's own check) and what it should be. */
export interface CheckProblem {
  readonly key: string;
  readonly expected: string;
}

/** Keys of any value type, and sections; `ConfigOf` recovers the type of each. */
export type Entries = { readonly [name: string]: KeySchema<unknown> | SectionSchema<Entries> };

/** A table of keys. The outermost one stands for the file; its sections are the file's `[tables]`. */
export interface SectionSchema<E extends Entries> {
  readonly kind: "section";
  readonly doc: string;
  readonly entries: E;
  /** Objects to combinations that no single key can see. Runs when each key for itself is in order. */
  check(values: EntriesOf<E>): CheckProblem | undefined;
  /** Former names of keys and what they are called now: whoever still writes one is told the new name. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** `peer_announce_interval` → `peerAnnounceInterval`. */
export type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type EntriesOf<E extends Entries> = {
  readonly [Name in keyof E & string as CamelCase<Name>]: E[Name] extends KeySchema<infer T>
    ? T
    : E[Name] extends SectionSchema<infer Inner>
      ? EntriesOf<Inner>
      : never;
};

/** The type of the configuration object that a schema reads. */
export type ConfigOf<S> = S extends SectionSchema<infer E> ? EntriesOf<E> : never;

/** An address to listen on. `host` is an IP address without brackets. */
export interface SocketAddress {
  readonly host: string;
  /** 0 asks the kernel for a free port. */
  readonly port: number;
}

/**
 * A table of keys, or of tables for the file itself. `doc` is printed above it. `renamed` maps the former name of a key to
 * its name here.
 */
export function section<const E extends Entries>(
  doc: string,
  entries: E,
  check: (values: EntriesOf<E>) => CheckProblem | undefined = () => undefined,
  renamed: Readonly<Record<string, keyof E & string>> = {},
): SectionSchema<E> {
  for (const former of Object.keys(renamed))
    if (former in entries) throw new TypeError(`key ${former} is renamed, but still there`);
  for (const [name, entry] of Object.entries(entries)) {
    if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name))
      throw new TypeError(`key ${name} is not snake_case`);
    if (entry.kind !== "section") continue;
    if (Object.values(entry.entries).some((inner) => inner.kind === "section"))
      throw new TypeError(`section ${name} holds a section: one level is what a reader can follow`);
  }
  return { kind: "section", doc, entries, check, renamed };
}

/** Completes a key, and refuses one whose own default a file could not hold. */
function key<T>(
  parts: Omit<KeySchema<T>, "kind" | "choices">,
  choices: readonly string[] = [],
): KeySchema<T> {
  const schema: KeySchema<T> = { kind: "key", choices, ...parts };
  const printed = schema.print(schema.default);
  if (schema.accept(parse(`value = ${printed}`, { integersAsBigInt: true }).value) === undefined)
    throw new TypeError(`the default ${printed} is not ${schema.expected}`);
  return schema;
}

/** `true` or `false`. */
export const boolean = (options: { default: boolean; doc: string }): KeySchema<boolean> =>
  key({
    ...options,
    expected: "true or false",
    accept: (value) => (typeof value === "boolean" ? { value } : undefined),
    print: String,
  });

/** A whole number between `min` and `max`, both allowed; `unit` is a plural noun such as "seconds". */
export function integer(options: {
  default: number;
  min: number;
  max: number;
  unit?: string;
  doc: string;
}): KeySchema<number> {
  const { min, max, unit } = options;
  return key({
    doc: options.doc,
    default: options.default,
    expected: `a whole number ${unit ? `of ${unit} ` : ""}from ${min} to ${max}`,
    accept(value) {
      if (typeof value !== "bigint" || value < BigInt(min) || value > BigInt(max)) return undefined;
      return { value: Number(value) };
    },
    print: String,
  });
}

/** A number with or without a fraction, between `min` and `max`, both allowed. */
export function decimal(options: {
  default: number;
  min: number;
  max: number;
  unit?: string;
  doc: string;
}): KeySchema<number> {
  const { min, max, unit } = options;
  return key({
    doc: options.doc,
    default: options.default,
    expected: `a number ${unit ? `of ${unit} ` : ""}from ${min} to ${max}`,
    accept(value) {
      const number = typeof value === "bigint" ? Number(value) : value;
      if (typeof number !== "number" || !(number >= min && number <= max)) return undefined;
      return { value: number };
    },
    print: (value) => (Object.is(value, -0) ? "-0.0" : String(value)),
  });
}

/** A text in quotes. `pattern` must match all of it; `expected` then says in words what the pattern wants. */
export function text(options: {
  default: string;
  pattern?: RegExp;
  expected?: string;
  doc: string;
}): KeySchema<string> {
  return key({
    doc: options.doc,
    default: options.default,
    expected: options.expected ?? "a text in quotes",
    accept: (value) =>
      typeof value === "string" && (options.pattern?.test(value) ?? true) ? { value } : undefined,
    print: printText,
  });
}

/** The path of a file or folder. The empty path is allowed only where `optional` says so; it means "none". */
export function path(options: {
  default: string;
  optional?: boolean;
  doc: string;
}): KeySchema<string> {
  const optional = options.optional ?? false;
  return key({
    doc: options.doc,
    default: options.default,
    expected: `a path in quotes${optional ? ', or "" for none' : ""}`,
    accept: (value) =>
      typeof value === "string" && (optional || value !== "") && !value.includes("\0")
        ? { value }
        : undefined,
    print: printText,
  });
}

/** One of a few words. */
export const choice = <const Choice extends string>(options: {
  default: Choice;
  choices: readonly Choice[];
  doc: string;
}): KeySchema<Choice> =>
  key<Choice>(
    {
      doc: options.doc,
      default: options.default,
      expected: `one of ${options.choices.map(printText).join(", ")}`,
      accept(value) {
        const found = options.choices.find((one) => one === value);
        return found === undefined ? undefined : { value: found };
      },
      print: printText,
    },
    options.choices,
  );

/** An IP address and port to listen on: `"0.0.0.0:3000"` or `"[::]:3000"`. Names are not looked up. */
export function socketAddress(options: {
  default: SocketAddress;
  family: 4 | 6 | "any";
  doc: string;
}): KeySchema<SocketAddress> {
  return key({
    doc: options.doc,
    default: options.default,
    expected: EXPECTED_ADDRESS[options.family],
    accept(value) {
      const address = parseSocketText(value, options.family);
      return address === undefined ? undefined : { value: address };
    },
    print: printAddress,
  });
}

/** Like `socketAddress`, and `""` switches it off; the program then gets undefined. */
export function optionalSocketAddress(options: {
  default: SocketAddress | undefined;
  family: 4 | 6 | "any";
  doc: string;
}): KeySchema<SocketAddress | undefined> {
  return key<SocketAddress | undefined>({
    doc: options.doc,
    default: options.default,
    expected: `${EXPECTED_ADDRESS[options.family]}, or "" for off`,
    accept(value) {
      if (value === "") return { value: undefined };
      const address = parseSocketText(value, options.family);
      return address === undefined ? undefined : { value: address };
    },
    print: (value) => (value === undefined ? '""' : printAddress(value)),
  });
}

/** Any number of values of one kind: `["10.0.0.0/8", "::1/128"]`. `of` says what each one is. */
export function list<T>(options: {
  default: readonly T[];
  of: KeySchema<T>;
  doc: string;
}): KeySchema<readonly T[]> {
  const { of } = options;
  return key<readonly T[]>({
    doc: options.doc,
    default: options.default,
    expected: `a list in [ ], of which each is ${of.expected}`,
    accept(value) {
      if (!Array.isArray(value)) return undefined;
      const accepted = value.map((item) => of.accept(item));
      const items = accepted.flatMap((item) => (item === undefined ? [] : [item.value]));
      return items.length === value.length ? { value: items } : undefined;
    },
    print: (values) => `[${values.map((value) => of.print(value)).join(", ")}]`,
  });
}

/** Splits and checks `host:port`; an IPv6 host stands in brackets and carries no zone. */
function parseSocketText(value: unknown, family: 4 | 6 | "any"): SocketAddress | undefined {
  if (typeof value !== "string") return undefined;
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(value);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65535) return undefined;
  if (match[1] !== undefined && family !== 4 && isIPv6(match[1])) return { host: match[1], port };
  if (match[2] !== undefined && family !== 6 && isIPv4(match[2])) return { host: match[2], port };
  return undefined;
}

const EXPECTED_ADDRESS = {
  4: 'an IPv4 address and port such as "0.0.0.0:3000"',
  6: 'an IPv6 address and port such as "[::]:3000"',
  any: 'an IP address and port such as "127.0.0.1:9000" or "[::1]:9000"',
} as const;

const printAddress = (value: SocketAddress): string =>
  printText(
    value.host.includes(":") ? `[${value.host}]:${value.port}` : `${value.host}:${value.port}`,
  );

/** A TOML basic string. JSON escapes all that TOML wants escaped, but for DEL. */
const printText = (value: string): string => JSON.stringify(value).replaceAll("\x7f", "\\u007F");
