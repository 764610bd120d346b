import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import fc from "fast-check";
import { Histogram, type HistogramHandle, lastValueOfBucket } from "./histogram.ts";
import { bucketOfValue, HISTOGRAM_VALUE_MAX } from "./hot/histogram-row.ts";

interface Task {
  readonly handle: HistogramHandle;
  readonly row: number;
}

if (!isMainThread) recordAll(workerData as Task);

/** What each worker does: records the numbers 0..9999 shifted by its row. */
function recordAll({ handle, row }: Task): void {
  const own = Histogram.attach(handle).row(row);
  for (let value = 0; value < 10_000; value++) own.record(value + row);
}

if (isMainThread)
  describe("a histogram", () => {
    const precision = fc.integer({ min: 1, max: 10 });
    const value = fc.oneof(fc.nat(100), fc.nat(HISTOGRAM_VALUE_MAX));

    test("buckets follow one another without gap, each as narrow as promised", () => {
      for (const precisionBits of [1, 2, 5, 10]) {
        const lastBucket = bucketOfValue(HISTOGRAM_VALUE_MAX, precisionBits);
        let first = 0;
        for (let bucket = 0; bucket <= lastBucket; bucket++) {
          const last = lastValueOfBucket(bucket, precisionBits);
          assert.ok(last >= first);
          assert.ok(last - first <= first / 2 ** precisionBits);
          assert.equal(bucketOfValue(first, precisionBits), bucket);
          assert.equal(bucketOfValue(last, precisionBits), bucket);
          first = last + 1;
        }
        assert.equal(first - 1, HISTOGRAM_VALUE_MAX);
      }
    });

    test("the example of the layout holds: with two bits 11 falls into bucket 9 with 10", () => {
      assert.equal(bucketOfValue(11, 2), 9);
      assert.equal(bucketOfValue(10, 2), 9);
      assert.equal(lastValueOfBucket(9, 2), 11);
    });

    test("percentiles, counts and extremes agree with a sorted list to within a bucket", () => {
      fc.assert(
        fc.property(
          fc.array(value, { minLength: 1, maxLength: 300 }),
          precision,
          (values, bits) => {
            const histogram = Histogram.create({ rows: 3, precisionBits: bits });
            values.forEach((one, i) => {
              histogram.row(i % 3).record(one);
            });
            const sorted = values.slice().sort((a, b) => a - b);
            const snapshot = histogram.snapshot();
            assert.equal(snapshot.count, values.length);
            assert.equal(snapshot.min, sorted[0]);
            assert.equal(snapshot.max, sorted.at(-1));
            assert.equal(
              snapshot.sum,
              values.reduce((a, b) => a + b, 0),
            );
            assert.equal(snapshot.percentile(0), sorted[0]);
            assert.equal(snapshot.percentile(100), sorted.at(-1));
            for (const percent of [10, 50, 90, 99.9]) {
              const exact = sorted[Math.ceil((percent / 100) * values.length) - 1] ?? Number.NaN;
              const read = snapshot.percentile(percent);
              assert.ok(read >= exact && read - exact <= exact / 2 ** bits, `${read} for ${exact}`);
            }
            const limit = lastValueOfBucket(bucketOfValue(sorted[0] ?? 0, bits), bits);
            assert.equal(snapshot.countAtMost(limit), sorted.filter((one) => one <= limit).length);
          },
        ),
      );
    });

    test("an empty histogram is all zeros, and so is a cleared one", () => {
      const histogram = Histogram.create({ rows: 1 });
      const row = histogram.row(0);
      row.record(7);
      row.clear();
      const { count, sum, min, max, mean } = histogram.snapshot();
      assert.deepEqual(
        { count, sum, min, max, mean },
        { count: 0, sum: 0, min: 0, max: 0, mean: 0 },
      );
      assert.equal(histogram.snapshot().percentile(50), 0);
      row.record(9);
      assert.equal(histogram.snapshot().min, 9);
      assert.equal(histogram.snapshot().mean, 9);
    });

    test("what was recorded since an earlier snapshot has percentiles of its own", () => {
      const histogram = Histogram.create({ rows: 2 });
      histogram.row(0).recordMany(5, 100);
      const before = histogram.snapshot();
      assert.equal(histogram.snapshot().since(before).count, 0);
      assert.equal(histogram.snapshot().since(before).percentile(99), 0);
      histogram.row(1).recordMany(1000, 9);
      histogram.row(1).record(2000);
      const news = histogram.snapshot().since(before);
      assert.equal(news.count, 10);
      assert.equal(news.sum, 11_000);
      assert.ok(Math.abs(news.percentile(50) - 1000) < 32);
      assert.equal(news.max, 2000);
      assert.equal(histogram.snapshotOfRow(0).count, 100);
      assert.throws(() => histogram.snapshotOfRow(2), /row 2 of 2/);
    });

    test("values out of range count as the nearest one in range", () => {
      const histogram = Histogram.create({ rows: 1 });
      for (const one of [-5, 0.9, 2 ** 31, Number.POSITIVE_INFINITY, Number.NaN])
        histogram.row(0).record(one);
      const snapshot = histogram.snapshot();
      assert.equal(snapshot.count, 5);
      assert.equal(snapshot.countAtMost(0), 3);
      assert.equal(snapshot.countAtMost(-1), 0);
      assert.equal(snapshot.max, HISTOGRAM_VALUE_MAX);
      assert.equal(snapshot.countAtMost(2 ** 40), 5);
    });

    test("several threads record at once and nothing is lost", async () => {
      const histogram = Histogram.create({ rows: 4, precisionBits: 10 });
      const workers = [0, 1, 2, 3].map((row) => {
        const task: Task = { handle: histogram.handle, row };
        const worker = new Worker(new URL(import.meta.url), { workerData: task });
        return new Promise<void>((resolve, reject) => {
          worker.on("error", reject);
          worker.on("exit", () => resolve());
        });
      });
      await Promise.all(workers);
      const snapshot = histogram.snapshot();
      assert.equal(snapshot.count, 40_000);
      assert.equal(snapshot.min, 0);
      assert.equal(snapshot.max, 10_002);
      assert.ok(Math.abs(snapshot.percentile(50) - 5000) < 10);
    });

    test("rows, precisions and memory that do not fit are refused", () => {
      const histogram = Histogram.create({ rows: 2 });
      assert.throws(() => histogram.row(2), /row 2 of 2/);
      assert.throws(() => Histogram.create({ rows: 0 }), RangeError);
      for (const precisionBits of [0, 11, 2.5])
        assert.throws(() => Histogram.create({ rows: 1, precisionBits }), /precision bits/);
      const memory = new SharedArrayBuffer(64);
      assert.throws(() => Histogram.attach({ ...histogram.handle, memory }), /64 bytes/);
    });
  });
