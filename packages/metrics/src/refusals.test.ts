import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { type Column, defineCounters } from "./define.ts";
import { REFUSAL_SLOTS, REFUSALS_PER_REASON_MAX } from "./hot/refusal-writer.ts";
import { type Refusal, Refusals } from "./refusals.ts";

const first = defineCounters("first");
const SHORT = first.counter("dropped", "Dropped, by reason.", { reason: "short" });
const LONG = first.counter("dropped", "Dropped, by reason.", { reason: "long" });
const second = defineCounters("second");
const REFUSED = second.counter("refused", "Refused.");
const MANY: readonly Column<"many">[] = (() => {
  const many = defineCounters("many");
  return Array.from({ length: 40 }, (_, index) => many.counter(`reason_${index}`, "One of many."));
})();

const SOURCE = new Int32Array(new Uint8Array([192, 0, 2, 1, ...Array(16).fill(9)]).buffer);

function open(workers = 1) {
  const refusals = new Refusals(workers, [first, second]);
  refusals.setOn(true);
  const take = () => {
    const taken: Refusal[] = [];
    const missed = refusals.take((refusal) => taken.push(refusal));
    return { taken, missed };
  };
  return { refusals, take };
}

test("a refusal is read with its reason, detail and address", () => {
  const { refusals, take } = open(2);
  Refusals.writer(refusals.handle, 1, second).note(REFUSED, 7, SOURCE, 0, 4);
  Refusals.writer(refusals.handle, 0, first).note(LONG, 0, SOURCE, 1, 6);
  Refusals.writer(refusals.handle, 0, first).noteUnknown(SHORT, 0);
  const { taken, missed } = take();
  assert.equal(missed, 0);
  assert.deepEqual(
    taken.map(({ worker, table, metric, detail, address }) => [
      worker,
      table,
      metric.labels.reason,
      detail,
      [...address],
    ]),
    [
      [0, "first", "long", 0, Array(16).fill(9)],
      [0, "first", "short", 0, []],
      [1, "second", undefined, 7, [192, 0, 2, 1]],
    ],
  );
  assert.deepEqual(take(), { taken: [], missed: 0 });
});

test("nothing is noted while it is switched off, or where there is no memory", () => {
  const { refusals, take } = open();
  refusals.setOn(false);
  const writer = Refusals.writer(refusals.handle, 0, first);
  assert.equal(writer.isOn, false);
  writer.note(SHORT, 0, SOURCE, 0, 4);
  assert.deepEqual(take(), { taken: [], missed: 0 });
  Refusals.writer(undefined, 0, first).note(SHORT, 0, SOURCE, 0, 4);
});

test("a flood of one reason leaves room for the others, and what is left out is counted", () => {
  const { refusals, take } = open();
  const writer = Refusals.writer(refusals.handle, 0, first);
  for (let i = 0; i < 1000; i++) writer.note(SHORT, 0, SOURCE, 0, 4);
  writer.note(LONG, 0, SOURCE, 0, 4);
  const { taken, missed } = take();
  assert.equal(taken.length, REFUSALS_PER_REASON_MAX + 1);
  assert.equal(taken.at(-1)?.metric.labels.reason, "long");
  assert.equal(missed, 1000 - REFUSALS_PER_REASON_MAX);
  writer.note(SHORT, 0, SOURCE, 0, 4);
  assert.deepEqual(take().taken.length, 1);
});

test("a ring that nobody reads is not written over", () => {
  const many = defineCounters("many");
  for (let index = 0; index < 40; index++) many.counter(`reason_${index}`, "One of many.");
  const refusals = new Refusals(1, [many]);
  refusals.setOn(true);
  const writer = Refusals.writer(refusals.handle, 0, many);
  const total = MANY.length * REFUSALS_PER_REASON_MAX;
  for (const column of MANY)
    for (let i = 0; i < REFUSALS_PER_REASON_MAX; i++) writer.noteUnknown(column, i);
  let taken = 0;
  const missed = refusals.take(() => taken++);
  assert.equal(taken, REFUSAL_SLOTS);
  assert.equal(missed, total - REFUSAL_SLOTS);
});

test("records of another thread arrive whole and in order while it writes", async () => {
  const { refusals } = open();
  const source = `
    const { workerData } = require("node:worker_threads");
    import(workerData.module).then(({ RefusalWriter }) => {
      const writer = new RefusalWriter(workerData.ring, 0, 2);
      const words = new Int32Array(4);
      const end = new Int32Array(workerData.end);
      for (let n = 1; Atomics.load(end, 0) === 0; n++) {
        words.fill(n);
        writer.note(n & 1, n, words, 0, 6);
      }
    });`;
  const end = new SharedArrayBuffer(4);
  const module = new URL("./hot/refusal-writer.js", import.meta.url).href;
  const workerData = { module, end, ring: refusals.handle.rings[0] };
  const worker = new Worker(source, { eval: true, workerData });
  let last = 0;
  let taken = 0;
  while (taken < 500) {
    refusals.take(({ detail, address }) => {
      assert.deepEqual(new Set(new Int32Array(address.buffer)), new Set([detail]));
      assert.ok(detail > last);
      last = detail;
      taken++;
    });
    await new Promise((turn) => setImmediate(turn));
  }
  Atomics.store(new Int32Array(end), 0, 1);
  await worker.terminate();
});
