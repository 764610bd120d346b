import assert from "node:assert/strict";
import { test } from "node:test";
import { returnMemory } from "./return-memory.ts";

test("what nobody holds any more is collected, without a flag on the command line", () => {
  // Written so that no variable of this function keeps it.
  const lost = (() => new WeakRef({ bytes: new Uint8Array(1024) }))();
  const kept = { bytes: new Uint8Array(1024) };
  const held = new WeakRef(kept);
  // A WeakRef is kept alive until the turn of the event loop in which it was made has ended.
  return new Promise<void>((resolve, reject) => {
    setImmediate(() => {
      try {
        returnMemory();
        assert.equal(lost.deref(), undefined);
        assert.equal(held.deref(), kept);
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
});
