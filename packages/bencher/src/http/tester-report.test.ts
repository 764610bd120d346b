import assert from "node:assert/strict";
import { test } from "node:test";
import { AquaticReportReader, WrkReportReader } from "./tester-report.ts";
import { infoHashOf } from "./torrents.ts";

test("aquatic's blocks are read as they come, its closing average is not another", () => {
  let blocks = 0;
  const reader = new AquaticReportReader(() => blocks++);
  for (const line of [
    "",
    "Requests out: 100.00/second",
    "Responses in: 99.50/second",
    "  - Announce responses: 98.00",
    "  - Scrape responses:   0.00",
    "  - Failure responses:  1.50",
    "Bandwidth out: 1.00Mbit/s",
    "Requests out: 50.00/second",
    "Responses in: 49.00/second",
    "# aquatic load test report",
    "Requests out: 7.00/second",
  ])
    reader.line(line);
  assert.equal(blocks, 2);
  assert.deepEqual(reader.blocks, [
    { responses: 99.5, errors: 1.5, unannounced: 0 },
    { responses: 49, errors: 0, unannounced: 0 },
  ]);
});

test("wrk is sampled at its start and at its end, and counted from the line of its script", () => {
  let marks = 0;
  const reader = new WrkReportReader(() => marks++);
  for (const line of ["start", "Running 5s test", '{"requests":12,"errors":1,"unannounced":3}'])
    reader.line(line);
  assert.equal(marks, 2);
  assert.deepEqual(reader.total, { responses: 12, errors: 1, unannounced: 3 });
});

test("torrents have the info hashes that the script of wrk names", () => {
  // Printed by announces.lua in wrk: percents(0, 1) and percents(9999, 1).
  assert.equal(infoHashOf(0), "0002b40dd90c83dc784f961866c859320007b09e");
  assert.equal(infoHashOf(9999), "2a3115040acd719a4c688552e35cef71fae1a69f");
});
