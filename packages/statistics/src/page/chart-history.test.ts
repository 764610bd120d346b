import assert from "node:assert/strict";
import { test } from "node:test";
import { HISTORY_SERIES, type HistoryPoint, type HistoryRing } from "../api-history.ts";
import { ChartHistory } from "./chart-history.ts";

function point(timeSeconds: number, peers: number | null): HistoryPoint {
  const values = HISTORY_SERIES.map((name) => [name, name === "peers" ? peers : 0]);
  return { timeSeconds, values: Object.fromEntries(values) };
}

function ring(
  stepSeconds: number,
  pointsMax: number,
  points: readonly HistoryPoint[],
): HistoryRing {
  const series = HISTORY_SERIES.map((name) => [name, points.map(({ values }) => values[name])]);
  return {
    stepSeconds,
    pointsMax,
    timeSeconds: points.map((one) => one.timeSeconds),
    series: Object.fromEntries(series),
  };
}

const seconds = ring(1, 4, [point(100, 1), point(101, 2)]);
const minutes = ring(60, 4, [point(0, 7), point(60, 8)]);

test("a short range is drawn from the seconds, a long one from the minutes", () => {
  const history = new ChartHistory([seconds, minutes]);
  assert.deepEqual(history.select(4, 101, ["peers"]), [
    [100, 101],
    [1, 2],
  ]);
  assert.deepEqual(history.select(200, 101, ["peers"]), [
    [0, 60],
    [7, 8],
  ]);
  assert.deepEqual(history.select(10_000, 101, ["peers"])[0], [0, 60]);
});

test("new points are appended to the ring whose next step they are, and the oldest go", () => {
  const history = new ChartHistory([seconds, minutes]);
  for (let time = 102; time <= 121; time++) history.append(point(time, time));
  assert.deepEqual(history.select(4, 121, ["peers"])[0], [118, 119, 120, 121]);
  assert.deepEqual(history.select(200, 121, ["peers"]), [
    [0, 60, 120],
    [7, 8, 120],
  ]);
});

test("a point that is there already changes nothing", () => {
  const history = new ChartHistory([seconds]);
  history.append(point(101, 9));
  assert.deepEqual(history.select(4, 101, ["peers"]), [
    [100, 101],
    [1, 2],
  ]);
});

test("a break in the measurement is a gap in the line", () => {
  const history = new ChartHistory([seconds]);
  history.append(point(104, null));
  assert.deepEqual(history.select(4, 104, ["peers", "errors"]), [
    [100, 101, 102, 104],
    [1, 2, null, null],
    [0, 0, null, 0],
  ]);
});

test("without any point there is nothing to draw", () => {
  assert.deepEqual(new ChartHistory([]).select(60, 0, ["peers"]), [[], []]);
});
