import assert from "node:assert/strict";
import { test } from "node:test";
import { openArenas } from "./arenas.ts";

/** A host that grants `limit` bytes in all. */
function hostWith(limit: number): (bytes: number) => SharedArrayBuffer {
  let granted = 0;
  let lastBytes = 0;
  return (bytes) => {
    if (bytes !== lastBytes) granted = 0;
    lastBytes = bytes;
    granted += bytes;
    if (granted > limit) throw new RangeError("Array buffer allocation failed");
    return new SharedArrayBuffer(bytes);
  };
}

test("arenas share the memory evenly", () => {
  const arenas = openArenas(4, 2 ** 22, hostWith(Number.POSITIVE_INFINITY));
  assert.deepEqual(
    arenas.map((arena) => arena.byteLength),
    [2 ** 20, 2 ** 20, 2 ** 20, 2 ** 20],
  );
});

test("a host that refuses the reservation gets smaller arenas", () => {
  const arenas = openArenas(4, 2 ** 24, hostWith(2 ** 22));
  assert.deepEqual(new Set(arenas.map((arena) => arena.byteLength)), new Set([2 ** 20]));
});

test("a host that refuses even the smallest arenas makes the store fail", () => {
  assert.throws(() => openArenas(4, 2 ** 24, hostWith(1000)), RangeError);
});
