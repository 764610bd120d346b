import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { CounterTable, type CounterTableHandle } from "./counter-table.ts";
import { add, defineCounters } from "./define.ts";

const ADDITIONS = 300_000;

const tenCounters = defineCounters("ten");
const TEN = Array.from({ length: 10 }, (_, i) => tenCounters.counter(`counter_${i}`, "A test."));
const [FIRST = missing(), , , , , MIDDLE = missing(), , , , LAST = missing()] = TEN;

const udpCounters = defineCounters("udp_test", { families: true });
const RECEIVED_BYTES = udpCounters.counter("received", "Bytes of requests.", {}, "bytes");
const REPLIES_CONNECT = udpCounters.counter("replies", "Replies sent.", { kind: "connect" });
const REPLIES_ERROR = udpCounters.counter("replies", "Replies sent.", { kind: "error" });
const OPEN = udpCounters.gauge("open", "Open now.");

interface Task {
  readonly handle: CounterTableHandle<"ten">;
  readonly worker: number;
}

if (!isMainThread) countUp(workerData as Task);

/** What each worker does: adds 1 and its number + 1, as often as the constant says. */
function countUp({ handle, worker }: Task): void {
  const counters = CounterTable.attach(tenCounters, handle).row(worker);
  for (let i = 0; i < ADDITIONS; i++) {
    add(counters, FIRST);
    add(counters, LAST, worker + 1);
  }
}

function missing(): never {
  throw new Error("ten counters expected");
}

if (isMainThread)
  describe("a table of counters", () => {
    test("several threads that add at once lose nothing, and readers only see counters grow", async () => {
      const table = CounterTable.create(tenCounters, 4);
      const finished = [0, 1, 2, 3].map((worker) => {
        const thread = new Worker(new URL(import.meta.url), {
          workerData: { handle: table.handle, worker },
        });
        return new Promise<void>((resolve, reject) => {
          thread.on("error", reject);
          thread.on("exit", () => resolve());
        });
      });
      let isRunning = true;
      let last = 0;
      const watching = (async () => {
        while (isRunning) {
          const now = table.sum(LAST);
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
      assert.equal(table.sum(FIRST), 4 * ADDITIONS);
      assert.equal(table.sum(LAST), (1 + 2 + 3 + 4) * ADDITIONS);
      assert.equal(table.sum(MIDDLE), 0);
      assert.deepEqual(
        table.samples().map(({ value }) => value),
        [4 * ADDITIONS, 0, 0, 0, 0, 0, 0, 0, 0, 10 * ADDITIONS],
      );
    });

    test("rows lie on cache lines of their own and have a cell per counter", () => {
      for (const [columns, stride] of [
        [1, 64],
        [8, 64],
        [9, 128],
        [17, 192],
      ] as const) {
        for (const families of [false, true]) {
          const definition = defineCounters("lines", { families });
          for (let i = 0; i < columns; i++) definition.counter(`counter_${i}`, "A test.");
          const table = CounterTable.create(definition, 3);
          const row = (worker: number) =>
            (families ? table.row(worker, 6) : table.row(worker)) as unknown as Float64Array;
          assert.equal(row(1).byteOffset, families ? 3 * stride : stride);
          assert.equal(row(2).length, columns);
          assert.equal(table.handle.memory.byteLength, (families ? 6 : 3) * stride);
        }
      }
    });

    test("an attached table is the same memory", () => {
      const table = CounterTable.create(udpCounters, 2);
      const other = CounterTable.attach(udpCounters, structuredClone(table.handle));
      add(other.row(1, 6), RECEIVED_BYTES, 2 ** 53);
      assert.equal(table.sum(RECEIVED_BYTES), 2 ** 53);
      assert.equal(other.workers, 2);
    });

    test("families are kept apart, and summed when nobody asks for one", () => {
      const table = CounterTable.create(udpCounters, 2);
      add(table.row(0, 4), REPLIES_ERROR);
      add(table.row(1, 4), REPLIES_ERROR, 2);
      add(table.familyRows(1).ipv6, REPLIES_ERROR, 4);
      assert.equal(table.sum(REPLIES_ERROR, 4), 3);
      assert.equal(table.sum(REPLIES_ERROR, 6), 4);
      assert.equal(table.sum(REPLIES_ERROR), 7);
      assert.equal(table.sum(REPLIES_CONNECT), 0);
    });

    test("a copy stands still while workers count on", () => {
      const table = CounterTable.create(udpCounters, 2);
      add(table.row(0, 4), REPLIES_ERROR, 2);
      const copy = table.copy();
      add(table.row(0, 4), REPLIES_ERROR);
      add(table.row(0, 6), REPLIES_ERROR, 4);
      add(table.row(1, 6), REPLIES_ERROR, 8);
      assert.equal(copy.sum(REPLIES_ERROR), 2);
      assert.equal(table.sum(REPLIES_ERROR), 15);
      assert.equal(table.sumOfWorker(REPLIES_ERROR, 0), 7);
      assert.equal(table.sumOfWorker(REPLIES_ERROR, 1), 8);
    });

    test("readers see every counter with its full name, unit, help, labels and family", () => {
      const table = CounterTable.create(udpCounters, 2);
      add(table.row(0, 4), RECEIVED_BYTES, 16);
      add(table.row(1, 4), RECEIVED_BYTES, 98);
      add(table.row(0, 6), REPLIES_CONNECT);
      add(table.row(0, 6), OPEN, 3);
      add(table.row(0, 6), OPEN, -1);
      const seen = table.samples().map((sample) => {
        const labels = Object.entries(sample.labels).map(([label, value]) => `${label}=${value}`);
        return `${sample.kind} ${sample.name} ${labels.join(" ")} ${sample.value}`;
      });
      assert.deepEqual(seen, [
        "counter swarmtide_udp_test_received_bytes_total family=ipv4 114",
        "counter swarmtide_udp_test_received_bytes_total family=ipv6 0",
        "counter swarmtide_udp_test_replies_total kind=connect family=ipv4 0",
        "counter swarmtide_udp_test_replies_total kind=connect family=ipv6 1",
        "counter swarmtide_udp_test_replies_total kind=error family=ipv4 0",
        "counter swarmtide_udp_test_replies_total kind=error family=ipv6 0",
        "gauge swarmtide_udp_test_open family=ipv4 0",
        "gauge swarmtide_udp_test_open family=ipv6 2",
      ]);
      const [received] = table.samples();
      assert.equal(received?.unit, "bytes");
      assert.equal(received?.help, "Bytes of requests.");
    });

    test("what another process has counted is added by name and labels; gauges stay as they are", () => {
      const other = CounterTable.create(udpCounters, 3);
      add(other.row(2, 4), RECEIVED_BYTES, 100);
      add(other.row(1, 6), REPLIES_CONNECT, 7);
      add(other.row(0, 6), OPEN, 5);
      const table = CounterTable.create(udpCounters, 1);
      add(table.row(0, 4), RECEIVED_BYTES, 14);
      table.add([...other.samples(), ...CounterTable.create(tenCounters, 1).samples()]);
      assert.deepEqual([table.sum(RECEIVED_BYTES, 4), table.sum(RECEIVED_BYTES, 6)], [114, 0]);
      assert.deepEqual([table.sum(REPLIES_CONNECT, 6), table.sum(REPLIES_ERROR, 6)], [7, 0]);
      assert.equal(table.sum(OPEN), 0);
    });

    test("workers, families, other tables and foreign memory that do not fit are refused", () => {
      const table = CounterTable.create(tenCounters, 1);
      assert.throws(() => table.row(1), /worker 1 of ten: the table has 1 workers/);
      assert.throws(() => table.row(0, 4), /expected no family, not 4/);
      assert.throws(() => table.sum(FIRST, 6), /expected no family, not 6/);
      const families = CounterTable.create(udpCounters, 1);
      assert.throws(() => families.row(0), /expected family 4 or 6, not undefined/);
      for (const workers of [0, -1, 1.5])
        assert.throws(() => CounterTable.create(tenCounters, workers), RangeError);
      const memory = new SharedArrayBuffer(63);
      assert.throws(
        () => CounterTable.attach(tenCounters, { ...table.handle, memory }),
        /63 bytes, not 128/,
      );
      const nine = { ...table.handle, columns: 9 };
      assert.throws(
        () => CounterTable.attach(tenCounters, nine),
        /9 columns: expected "ten" with 10/,
      );
    });
  });
