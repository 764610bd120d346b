import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterTable } from "./counter-table.ts";
import { CounterTables } from "./counter-tables.ts";
import { add, defineCounters } from "./define.ts";

const doors = defineCounters("doors");
const OPENED = doors.counter("opened", "Doors opened.");
const windows = defineCounters("windows", { families: true });
const CLOSED = windows.counter("closed", "Windows closed.");
const roofs = defineCounters("roofs");

test("a table is found by its definition, and one that is switched off is missing", () => {
  const doorTable = CounterTable.create(doors, 1);
  const windowTable = CounterTable.create(windows, 2);
  const tables = new CounterTables([doorTable, windowTable]);
  add(doorTable.row(0), OPENED, 3);
  add(windowTable.row(1, 6), CLOSED, 5);
  assert.equal(tables.of(doors)?.sum(OPENED), 3);
  assert.equal(tables.of(windows)?.sum(CLOSED, 6), 5);
  assert.equal(tables.of(roofs), undefined);
});

test("the samples are those of all tables", () => {
  const doorTable = CounterTable.create(doors, 1);
  const tables = new CounterTables([doorTable, CounterTable.create(windows, 1)]);
  add(doorTable.row(0), OPENED);
  assert.deepEqual(
    tables.samples().map(({ name, labels, value }) => [name, labels, value]),
    [
      ["swarmtide_doors_opened_total", {}, 1],
      ["swarmtide_windows_closed_total", { family: "ipv4" }, 0],
      ["swarmtide_windows_closed_total", { family: "ipv6" }, 0],
    ],
  );
});
