import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterTable } from "./counter-table.ts";
import { add, type Column, type CounterRow, defineCounters } from "./define.ts";

const teaCounters = defineCounters("tea");
const CUPS = teaCounters.counter("cups", "Cups of tea poured.");
const POTS = teaCounters.gauge("pots", "Pots on the table.");
const coffeeCounters = defineCounters("coffee");
const SHOTS = coffeeCounters.counter("shots", "Shots of coffee pulled.");

test("columns follow one another from 0", () => {
  assert.deepEqual([CUPS, POTS, SHOTS], [0, 1, 0]);
});

// Each line behind a @ts-expect-error would compile if the types were weaker, and then the build fails there.
test("only a column of the same table indexes a row", () => {
  const tea = CounterTable.create(teaCounters, 1);
  const coffee = CounterTable.create(coffeeCounters, 1);
  const row = tea.row(0);
  row[CUPS] = 2;
  add(row, CUPS);
  const untyped: number = CUPS;
  // @ts-expect-error a column of another table
  assert.equal(row[SHOTS], 3);
  // @ts-expect-error a number is not a column
  assert.equal(row[0], 3);
  // @ts-expect-error a column that lost its type
  assert.equal(row[untyped], 3);
  // @ts-expect-error a column of another table
  add(row, SHOTS, -1);
  // @ts-expect-error a column of another table
  assert.equal(tea.sum(SHOTS), 2);
  // @ts-expect-error a row of another table
  const foreignRow: CounterRow<"coffee"> = row;
  // @ts-expect-error a plain array is not a row
  const plainRow: CounterRow<"tea"> = new Float64Array(2);
  // @ts-expect-error a number is not a column
  const plainColumn: Column<"tea"> = 1;
  // @ts-expect-error the handle of another table
  assert.throws(() => CounterTable.attach(coffeeCounters, tea.handle), /"tea"/);
  assert.equal<unknown>(foreignRow, row);
  assert.deepEqual([plainColumn], [1]);
  assert.ok(plainRow);
  assert.equal(tea.sum(CUPS), 2);
  assert.equal(coffee.sum(SHOTS), 0);
});

test("names, labels and help that Prometheus or its readers would trip over are refused", () => {
  const counters = defineCounters("rules");
  for (const name of ["", "Replies", "replies-sent", "1st", "_replies", "replies__sent", "a:b"])
    assert.throws(() => counters.counter(name, "Replies."), /counter name ".*": expected/, name);
  for (const name of ["replies_total", "sent_bytes", "age_seconds", "total", "reply_count"])
    assert.throws(() => counters.counter(name, "Replies."), /is added where it applies/, name);
  assert.throws(() => counters.counter("replies", " "), /replies: expected a help text/);
  for (const label of ["Kind", "__kind", "a-b", ""])
    assert.throws(() => counters.counter("replies", "Replies.", { [label]: "a" }), /: expected/);
  const apart = defineCounters("apart", { families: true });
  for (const label of ["family", "worker", "le"])
    assert.throws(() => apart.counter("replies", "Replies.", { [label]: "a" }), /is reserved/);
  assert.throws(() => counters.counter("replies", "Replies.", { worker: "a" }), /is reserved/);
  assert.throws(() => counters.counter("replies", "Replies.", { kind: "" }), /"kind" is empty/);
  assert.throws(() => defineCounters("Udp"), /table name "Udp"/);
  assert.deepEqual(counters.metrics, []);
});

test("one name has one kind, unit, help and set of labels, and each set of values stands once", () => {
  const counters = defineCounters("one");
  counters.counter("replies", "Replies.", { kind: "connect", code: "0" });
  counters.counter("replies", "Replies.", { kind: "error", code: "0" });
  assert.throws(
    () => counters.counter("replies", "Replies.", { code: "0", kind: "error" }),
    /\{code="0",kind="error"\} is declared twice/,
  );
  const other = { kind: "scrape", code: "0" };
  assert.throws(() => counters.gauge("replies", "Replies.", other), /kind is "gauge"/);
  assert.throws(() => counters.counter("replies", "Answers.", other), /help is "Answers\."/);
  assert.throws(
    () => counters.counter("replies", "Replies.", { kind: "x" }),
    /labels are \[kind\]/,
  );
  counters.counter("sent", "Bytes sent.", {}, "bytes");
  assert.throws(() => counters.counter("sent", "Bytes sent.", {}, "seconds"), /declared|unit/);
  assert.throws(() => counters.counter("sent", "Bytes sent.", {}, "bytes"), /declared twice/);
  assert.equal(counters.metrics.length, 3);
});

test("a column declared after the first table was made is refused", () => {
  const counters = defineCounters("late");
  counters.counter("early", "Declared in time.");
  CounterTable.create(counters, 1);
  assert.throws(() => counters.counter("late", "Declared late."), /after the first table of late/);
});
