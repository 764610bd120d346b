import assert from "node:assert/strict";
import { test } from "node:test";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { CounterTable, type CounterTableHandle } from "./counter-table.ts";

const ADDITIONS = 300_000;

interface Task {
  readonly handle: CounterTableHandle;
  readonly row: number;
}

if (isMainThread) declareTests();
else countUp(workerData as Task);

/** What each worker does: adds 1 and its row number + 1, as often as the constant says. */
function countUp({ handle, row }: Task): void {
  const counters = CounterTable.attach(handle).row(row);
  for (let i = 0; i < ADDITIONS; i++) {
    counters[0] += 1;
    counters[9] += row + 1;
  }
}

function declareTests(): void {
  test("several threads that add at once lose nothing, and readers only see counters grow", async () => {
    const names = Array.from({ length: 10 }, (_, i) => `counter_${i}`);
    const table = CounterTable.create(names, 4);
    const finished = [0, 1, 2, 3].map((row) => {
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { handle: table.handle, row },
      });
      return new Promise<void>((resolve, reject) => {
        worker.on("error", reject);
        worker.on("exit", () => resolve());
      });
    });
    let isRunning = true;
    let last = 0;
    const watching = (async () => {
      while (isRunning) {
        const now = table.sum("counter_9");
        assert.ok(now >= last, `${now} after ${last}`);
        last = now;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    try {
      await Promise.all(finished);
    } finally {
      isRunning = false;
    }
    await watching;
    assert.equal(table.sum("counter_0"), 4 * ADDITIONS);
    assert.equal(table.sum("counter_9"), (1 + 2 + 3 + 4) * ADDITIONS);
    assert.equal(table.sum("counter_5"), 0);
    assert.deepEqual([...table.sums()], [4 * ADDITIONS, 0, 0, 0, 0, 0, 0, 0, 0, 10 * ADDITIONS]);
  });

  test("rows lie on cache lines of their own and have a cell per name", () => {
    for (const [names, stride] of [
      [1, 64],
      [8, 64],
      [9, 128],
      [17, 192],
    ] as const) {
      const table = CounterTable.create(
        Array.from({ length: names }, (_, i) => `n${i}`),
        3,
      );
      assert.equal(table.row(1).byteOffset, stride);
      assert.equal(table.row(2).length, names);
      assert.equal(table.handle.memory.byteLength, 3 * stride);
    }
  });

  test("an attached table is the same memory", () => {
    const table = CounterTable.create(["requests", "replies"], 2);
    const other = CounterTable.attach(structuredClone(table.handle));
    other.row(1)[other.column("replies")] += 2 ** 53;
    assert.equal(table.sum("replies"), 2 ** 53);
    assert.deepEqual(table.names, ["requests", "replies"]);
    assert.equal(table.rowCount, 2);
  });

  test("unknown names and rows, doubled names and foreign memory are refused", () => {
    const table = CounterTable.create(["requests"], 1);
    assert.throws(() => table.sum("replies"), /"replies"/);
    assert.throws(() => table.column("toString"), RangeError);
    assert.throws(() => table.row(1), /row 1 of 1/);
    assert.throws(() => CounterTable.create(["a", "a"], 1), RangeError);
    for (const rows of [0, -1, 1.5])
      assert.throws(() => CounterTable.create(["a"], rows), RangeError);
    const memory = new SharedArrayBuffer(63);
    assert.throws(() => CounterTable.attach({ ...table.handle, memory }), /63 bytes, not 64/);
  });
}
