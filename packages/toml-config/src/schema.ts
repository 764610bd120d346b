/**
 * What a configuration schema is. A server declares its keys once with `section` and the builders of keys.ts; from that one
 * declaration follow the TypeScript type (`ConfigOf`), the strict reader, the commented default file and the
 * documentation page. Called at module load by every `config.ts`, on the main thread; schemas never cross threads,
 * the plain objects read by them do.
 *
 * TOML keys are snake_case, as operators write them; the keys of the TypeScript object are their camelCase twins
 * (`peer_announce_interval` → `peerAnnounceInterval`).
 */

/** What a TOML parser hands out. Whole numbers are bigint, so that `1` and `1.0` stay apart. */
export type TomlValue = unknown;

/** One key: its default, its meaning and what may stand behind its `=`. */
export interface KeySchema<T> {
  readonly kind: "key";
  readonly doc: string;
  readonly default: T;
  /** Whether a reload takes a new value into use. Other keys need a restart. */
  readonly reload: boolean;
  /** Whether the value is kept out of the log. */
  readonly secret?: boolean;
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

/** What a program may write in place of a value: addresses also as text. */
type OptionOf<T> = T extends SocketAddress
  ? T | string
  : T extends readonly SocketAddress[]
    ? OptionOf<SocketAddress> | readonly OptionOf<SocketAddress>[]
    : T;

type OptionsOf<E extends Entries> = {
  readonly [Name in keyof E & string as CamelCase<Name>]?:
    | (E[Name] extends KeySchema<infer T>
        ? OptionOf<T>
        : E[Name] extends SectionSchema<infer Inner>
          ? OptionsOf<Inner>
          : never)
    | undefined;
};

/** The type of what a program may pass to `readOptions`: any part of the configuration object. */
export type ConfigOptionsOf<S> = S extends SectionSchema<infer E> ? OptionsOf<E> : never;

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
