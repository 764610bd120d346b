/** An element of a list that must be there: tests and benchmarks pick by a number that they have kept within the list. */
import assert from "node:assert/strict";

export function elementAt<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  assert.ok(element !== undefined, `element ${index} of ${list.length}`);
  return element;
}
