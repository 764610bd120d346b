/**
 * What changes between two readings of a configuration while a program runs. The schema says of each key whether a reload
 * takes a new value into use (`reload: true`) or the program must be started again. Main thread.
 */
import { camelCase } from "./layers.ts";
import type { ConfigOf, Entries, KeySchema, SectionSchema } from "./schema.ts";

const SECRET = "(secret)";

/** A key that has another value, as it stands in the file: `udp.workers`. */
export interface ChangedKey {
  readonly name: string;
  /** Whether a reload applies it. */
  readonly reload: boolean;
  /** Both values as they stand in a file; of a secret neither is told. */
  readonly before: string;
  readonly after: string;
}

/** The keys in which two configurations differ, in the order of the schema. */
export function changedKeys<E extends Entries>(
  schema: SectionSchema<E>,
  before: ConfigOf<SectionSchema<E>>,
  after: ConfigOf<SectionSchema<E>>,
): ChangedKey[] {
  const changed: ChangedKey[] = [];
  forEachKey(schema, before, after, (name, { print, reload, secret }, left, right) => {
    if (print(left) === print(right)) return;
    const told = secret === true ? () => SECRET : print;
    changed.push({ name, reload, before: told(left), after: told(right) });
  });
  return changed;
}

/** `running` with the values of `news` wherever a reload applies them. */
export function takeReloadable<E extends Entries>(
  schema: SectionSchema<E>,
  running: ConfigOf<SectionSchema<E>>,
  news: ConfigOf<SectionSchema<E>>,
): ConfigOf<SectionSchema<E>> {
  return merge(schema, running, news) as ConfigOf<SectionSchema<E>>;
}

function merge(schema: SectionSchema<Entries>, running: object, news: object): object {
  const merged: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(schema.entries)) {
    const field = camelCase(name);
    const [old, fresh] = [Reflect.get(running, field), Reflect.get(news, field)];
    if (entry.kind === "section") merged[field] = merge(entry, old, fresh);
    else merged[field] = entry.reload ? fresh : old;
  }
  return merged;
}

type VisitKey = (name: string, key: KeySchema<unknown>, left: unknown, right: unknown) => void;

function forEachKey(
  schema: SectionSchema<Entries>,
  left: object,
  right: object,
  visit: VisitKey,
  prefix = "",
): void {
  for (const [name, entry] of Object.entries(schema.entries)) {
    const field = camelCase(name);
    const [one, other] = [Reflect.get(left, field), Reflect.get(right, field)];
    if (entry.kind === "section") forEachKey(entry, one, other, visit, `${prefix}${name}.`);
    else visit(`${prefix}${name}`, entry, one, other);
  }
}
