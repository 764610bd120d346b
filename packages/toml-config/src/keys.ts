/**
 * The builders of keys, one for each kind of value. Called at module load by every `config.ts`, inside a `section`.
 */
import { isIPv4, isIPv6 } from "node:net";
import { parse } from "smol-toml";
import type { KeySchema, SocketAddress } from "./schema.ts";

/** What every key declares. */
interface KeyOptions<T> {
  readonly default: T;
  readonly doc: string;
  /** Whether a reload takes a new value into use; without it the key needs a restart. */
  readonly reload?: boolean;
}

/** Completes a key, and refuses one whose own default a file could not hold. */
function key<T>(
  parts: Omit<KeySchema<T>, "kind" | "choices" | "reload"> & KeyOptions<T>,
  choices: readonly string[] = [],
): KeySchema<T> {
  const schema: KeySchema<T> = { kind: "key", choices, reload: false, ...parts };
  const printed = schema.print(schema.default);
  if (schema.accept(parse(`value = ${printed}`, { integersAsBigInt: true }).value) === undefined)
    throw new TypeError(`the default ${printed} is not ${schema.expected}`);
  return schema;
}

/** What a builder passes on of its options. */
const declared = <T>({ default: initial, doc, reload = false }: KeyOptions<T>) => ({
  default: initial,
  doc,
  reload,
});

/** `true` or `false`. */
export const boolean = (options: KeyOptions<boolean>): KeySchema<boolean> =>
  key({
    ...declared(options),
    expected: "true or false",
    accept: (value) => (typeof value === "boolean" ? { value } : undefined),
    print: String,
  });

/** A whole number between `min` and `max`, both allowed; `unit` is a plural noun such as "seconds". */
export function integer(options: KeyOptions<number> & NumberRange): KeySchema<number> {
  return key({
    ...declared(options),
    expected: `a whole number ${rangeOf(options)}`,
    accept: (value) => acceptInteger(value, options),
    print: String,
  });
}

/** Like `integer`, and `""` leaves it open; the program then gets undefined. */
export function optionalInteger(
  options: KeyOptions<number | undefined> & NumberRange,
): KeySchema<number | undefined> {
  return key<number | undefined>({
    ...declared(options),
    expected: `a whole number ${rangeOf(options)}, or "" for none`,
    accept: (value) => (value === "" ? { value: undefined } : acceptInteger(value, options)),
    print: (value) => (value === undefined ? '""' : String(value)),
  });
}

function acceptInteger(value: unknown, { min, max }: NumberRange) {
  if (typeof value !== "bigint" || value < BigInt(min) || value > BigInt(max)) return undefined;
  return { value: Number(value) };
}

/** Bounds of a number, both allowed. */
interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** A plural noun such as "seconds". */
  readonly unit?: string;
}

const rangeOf = ({ min, max, unit }: NumberRange): string =>
  `${unit ? `of ${unit} ` : ""}from ${min} to ${max}`;

/** A number with or without a fraction, between `min` and `max`, both allowed. */
export function decimal(options: KeyOptions<number> & NumberRange): KeySchema<number> {
  const { min, max } = options;
  return key({
    ...declared(options),
    expected: `a number ${rangeOf(options)}`,
    accept(value) {
      const number = typeof value === "bigint" ? Number(value) : value;
      if (typeof number !== "number" || !(number >= min && number <= max)) return undefined;
      return { value: number };
    },
    print: (value) => (Object.is(value, -0) ? "-0.0" : String(value)),
  });
}

/** A text in quotes. `pattern` must match all of it; `expected` then says in words what the pattern wants. */
export function text(
  options: KeyOptions<string> & {
    readonly pattern?: RegExp;
    readonly expected?: string;
    readonly secret?: boolean;
  },
): KeySchema<string> {
  return key({
    ...declared(options),
    ...(options.secret === true ? { secret: true } : {}),
    expected: options.expected ?? "a text in quotes",
    accept: (value) =>
      typeof value === "string" && (options.pattern?.test(value) ?? true) ? { value } : undefined,
    print: printText,
  });
}

/** The path of a file or folder. The empty path is allowed only where `optional` says so; it means "none". */
export function path(
  options: KeyOptions<string> & { readonly optional?: boolean },
): KeySchema<string> {
  const optional = options.optional ?? false;
  return key({
    ...declared(options),
    expected: `a path in quotes${optional ? ', or "" for none' : ""}`,
    accept: (value) =>
      typeof value === "string" && (optional || value !== "") && !value.includes("\0")
        ? { value }
        : undefined,
    print: printText,
  });
}

/** One of a few words. */
export const choice = <const Choice extends string>(
  options: KeyOptions<Choice> & { readonly choices: readonly Choice[] },
): KeySchema<Choice> =>
  key<Choice>(
    {
      ...declared(options),
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
export function socketAddress(
  options: KeyOptions<SocketAddress> & { readonly family: 4 | 6 | "any" },
): KeySchema<SocketAddress> {
  return key({
    ...declared(options),
    expected: EXPECTED_ADDRESS[options.family],
    accept(value) {
      const address = parseSocketText(value, options.family);
      return address === undefined ? undefined : { value: address };
    },
    print: printAddress,
  });
}

/** Like `socketAddress`, and `""` switches it off; the program then gets undefined. */
export function optionalSocketAddress(
  options: KeyOptions<SocketAddress | undefined> & { readonly family: 4 | 6 | "any" },
): KeySchema<SocketAddress | undefined> {
  return key<SocketAddress | undefined>({
    ...declared(options),
    expected: `${EXPECTED_ADDRESS[options.family]}, or "" for off`,
    accept(value) {
      if (value === "") return { value: undefined };
      const address = parseSocketText(value, options.family);
      return address === undefined ? undefined : { value: address };
    },
    print: (value) => (value === undefined ? '""' : printAddress(value)),
  });
}

/**
 * IP addresses and ports to listen on, one in quotes or several in a list: `"0.0.0.0:3000"`, `["192.0.2.1:80", "192.0.2.2:80"]`.
 * The program always gets a list. Where the default is empty, `""` and `[]` switch it off.
 */
export function socketAddresses(
  options: KeyOptions<readonly SocketAddress[]> & { readonly family: 4 | 6 },
): KeySchema<readonly SocketAddress[]> {
  const isOptional = options.default.length === 0;
  return key<readonly SocketAddress[]>({
    ...declared(options),
    expected: `${EXPECTED_ADDRESS[options.family]}, or several different ones in [ ]${isOptional ? ', or "" for off' : ""}`,
    accept(value) {
      if (value === "" && isOptional) return { value: [] };
      const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
      const addresses = texts.flatMap((text) => parseSocketText(text, options.family) ?? []);
      const isComplete = addresses.length === texts.length && (isOptional || texts.length > 0);
      return isComplete && !standsTwice(addresses) ? { value: addresses } : undefined;
    },
    print(values) {
      const [first, ...others] = values.map(printAddress);
      if (first === undefined) return '""';
      return others.length === 0 ? first : `[${[first, ...others].join(", ")}]`;
    },
  });
}

/** Whether two sockets would want the same place. Port 0 is another one each time. */
export function standsTwice(addresses: readonly SocketAddress[]): boolean {
  const fixed = addresses.filter(({ port }) => port !== 0).map(printAddress);
  return new Set(fixed).size < fixed.length;
}

/** Any number of values of one kind: `["10.0.0.0/8", "::1/128"]`. `of` says what each one is. */
export function list<T>(
  options: KeyOptions<readonly T[]> & { readonly of: KeySchema<T> },
): KeySchema<readonly T[]> {
  const { of } = options;
  return key<readonly T[]>({
    ...declared(options),
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

/** `0.0.0.0:3000` or `[::]:3000`, in quotes. */
const printAddress = (value: SocketAddress): string =>
  printText(
    value.host.includes(":") ? `[${value.host}]:${value.port}` : `${value.host}:${value.port}`,
  );

/** A TOML basic string. JSON escapes all that TOML wants escaped, but for DEL. */
const printText = (value: string): string => JSON.stringify(value).replaceAll("\x7f", "\\u007F");
