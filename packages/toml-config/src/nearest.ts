/**
 * Finds the name an operator most likely meant, for the error that names an unknown one. Called by the reader and by
 * the command line parser of the runtime, never on a path that a network peer can reach.
 */

/** Letters of a beginning that stands for the whole name. */
const BEGINNING_MIN = 3;

/**
 * The name with the fewest edits to `wanted` (first of equals), or undefined when none is close enough to help: two edits,
 * a third of a long name, one of a name of two letters; or a name of which `wanted` is the beginning.
 */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const limit = wanted.length < BEGINNING_MIN ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const name of names) {
    const isBeginning =
      wanted.length >= BEGINNING_MIN && name.toLowerCase().startsWith(wanted.toLowerCase());
    const distance = isBeginning ? 1 : editDistance(wanted.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance: inserted, removed and replaced characters, one row of the table at a time. */
export function editDistance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    let last = row;
    const current = [last];
    let diagonal = row - 1;
    for (const [column, over] of above.slice(1).entries()) {
      const replaced = diagonal + (left[row - 1] === right[column] ? 0 : 1);
      last = Math.min(replaced, over + 1, last + 1);
      current.push(last);
      diagonal = over;
    }
    above = current;
  }
  return above.at(-1) ?? 0;
}
