import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openArenas } from "../arenas.ts";
import { END, NEXT_FRESH, SLAB_WORDS_FREE, WORDS_FREE } from "../layout.ts";
import { giveBlock, takeBlock } from "./allocator.ts";
import { gatherBlock } from "./slab-pages.ts";

/** An arena of 2^18 words, as each of the 64 of a 64 MiB store is. */
function openArena(): Int32Array {
  const [arena] = openArenas(1, 2 ** 20);
  assert.ok(arena);
  return new Int32Array(arena);
}

interface Block {
  at: number;
  readonly sizeClass: number;
}

/** Fails when two blocks share a word, or one leaves the arena. */
function checkApart(w: Int32Array, blocks: readonly Block[]): void {
  const sorted = blocks.toSorted((one, other) => one.at - other.at);
  let end = 0;
  for (const { at, sizeClass } of sorted) {
    assert.ok(at >= end, `block ${at} of class ${sizeClass} begins below ${end}`);
    end = at + 2 ** sizeClass;
  }
  assert.ok(end <= (w[END] ?? 0));
}

const take = fc.record({ kind: fc.constant("take" as const), sizeClass: fc.nat({ max: 13 }) });
const give = fc.record({ kind: fc.constant("give" as const), which: fc.nat() });

test("blocks never overlap, and when all are back the arena is as fresh as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(take, give), { minLength: 200, maxLength: 2000 }), (steps) => {
      const w = openArena();
      const before = [w[NEXT_FRESH], w[WORDS_FREE], w[SLAB_WORDS_FREE]];
      const blocks: Block[] = [];
      for (const step of steps) {
        if (step.kind === "take") {
          const sizeClass = step.sizeClass + 1;
          const at = takeBlock(w, sizeClass);
          if (at === 0) continue;
          w.fill(-1, at, at + 2 ** sizeClass);
          blocks.push({ at, sizeClass });
        } else {
          const [block] = blocks.splice(step.which % Math.max(1, blocks.length), 1);
          if (block !== undefined) giveBlock(w, block.at, block.sizeClass);
        }
      }
      checkApart(w, blocks);
      for (const { at, sizeClass } of blocks) {
        const isKept = w.subarray(at, at + 2 ** sizeClass).every((word) => word === -1);
        assert.ok(isKept, `somebody wrote into block ${at}`);
        giveBlock(w, at, sizeClass);
      }
      assert.deepEqual([w[NEXT_FRESH], w[WORDS_FREE], w[SLAB_WORDS_FREE]], before);
    }),
    { numRuns: 200 },
  );
});

test("a full arena gives no block, and gives one again when its buddy halves are back", () => {
  const w = openArena();
  const halves: number[] = [];
  for (let at = takeBlock(w, 12); at !== 0; at = takeBlock(w, 12)) halves.push(at);
  assert.equal(takeBlock(w, 13), 0);
  const [first] = halves.filter((at) => halves.includes(at + 2 ** 12) && at % 2 ** 13 === 0);
  assert.ok(first);
  giveBlock(w, first, 12);
  assert.equal(takeBlock(w, 13), 0);
  giveBlock(w, first + 2 ** 12, 12);
  assert.equal(takeBlock(w, 13), first);
});

test("the last survivors of many small blocks move together and give their pages back", () => {
  const w = openArena();
  const fresh = w[NEXT_FRESH];
  const references = Int32Array.from({ length: 10_000 }, () => takeBlock(w, 1));
  for (const [i, block] of references.entries()) {
    w[block] = i;
    if (i % 100 !== 0) giveBlock(w, block, 1);
  }
  // Words of the arena refer to blocks, so the references move into a block of their own.
  const table = takeBlock(w, 14);
  assert.ok(table > 0);
  for (let i = 0; i < references.length; i += 100) w[table + i] = references[i] ?? 0;
  for (let i = 0; i < references.length; i += 100) gatherBlock(w, table + i, 1);
  const pages = new Set<number>();
  for (let i = 0; i < references.length; i += 100) {
    const block = w[table + i] ?? 0;
    assert.equal(w[block], i);
    pages.add(block >> 9);
  }
  assert.equal(pages.size, 1);
  for (let i = 0; i < references.length; i += 100) giveBlock(w, w[table + i] ?? 0, 1);
  giveBlock(w, table, 14);
  assert.equal(w[NEXT_FRESH], fresh);
});
