/** Choices of the soak. Not repeatable, on purpose: every run takes another path. */

export const below = (end: number): number => Math.floor(Math.random() * end);

export const between = (start: number, end: number): number =>
  start + Math.random() * (end - start);

/** One of a list that is not empty. */
export function oneOf<Value>(values: readonly Value[]): Value {
  const value = values[below(values.length)];
  if (value === undefined) throw new RangeError("an empty list has nothing to choose from");
  return value;
}

/** A number from 0 to `end`, small ones far more often: torrents are that popular. */
export const popular = (end: number): number => Math.floor(end * Math.random() ** 3);
