import assert from "node:assert/strict";
import { test } from "node:test";
import { drawChart } from "./chart.ts";

test("text in a chart is text, whatever it holds", () => {
  const chart = drawChart("", [{ title: "a <mix>", bars: [] }]);
  assert.ok(chart.includes("a &lt;mix&gt;"));
});
