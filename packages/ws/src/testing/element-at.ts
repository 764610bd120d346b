/** An element of a list that must be there: tests and benchmarks pick by a number that they have kept within the list. */
export function elementAt<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  // Benchmarks call it too: no text is made for an element that is there.
  if (element === undefined) throw new Error(`there is no element ${index} of ${list.length}`);
  return element;
}
