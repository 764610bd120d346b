import assert from "node:assert/strict";
import { test } from "node:test";
import { LoadReportReader } from "./tester-report.ts";

/** As aquatic_udp_load_test 0.9.0 prints it, extra statistics on. */
const block = (requests: string, responses: string, peers: string): string[] => [
  "",
  `Requests out: ${requests}/second`,
  `Responses in: ${responses}/second`,
  "  - Connect responses:  97182.88",
  "  - Announce responses: 97124.89",
  "  - Scrape responses:   1918.80",
  "  - Error responses:    0.25",
  `Peers per announce response: ${peers}`,
  "Announce responses per info hash:",
  "  - p10: 1",
  "  - p100: 214",
];

const closing = [
  "# aquatic load test report",
  "",
  "Test ran for 15 seconds",
  "Average responses per second: 195521.71",
  "  - Connect responses:  1.00",
  "  - Announce responses: 2.00",
];

test("every block becomes an interval with its figures, and the closing report changes none", () => {
  let heard = 0;
  const reader = new LoadReportReader(() => heard++);
  for (const line of [
    "Peers per info hash:",
    "  - p10: 1",
    ...block("211992.83", "191144.58", "15.74"),
    ...block("218252.16", "196226.56", "20.63"),
    ...closing,
  ])
    reader.line(line);
  assert.equal(heard, 2);
  assert.equal(reader.intervals.length, 2);
  assert.deepEqual(reader.intervals[1], {
    requests: 218252.16,
    responses: 196226.56,
    connects: 97182.88,
    announces: 97124.89,
    scrapes: 1918.8,
    errors: 0.25,
    peersPerAnnounce: 20.63,
  });
  assert.deepEqual(reader.complaints, []);
});

test("an interval without an announce reply has no average number of peers", () => {
  const reader = new LoadReportReader(() => {});
  for (const line of block("0.00", "0.00", "NaN")) reader.line(line);
  assert.ok(Number.isNaN(reader.intervals[0]?.peersPerAnnounce));
});

test("what the load tester complains of is kept", () => {
  const reader = new LoadReportReader(() => {});
  reader.line("recv error: Connection refused (os error 111)");
  reader.line("Received invalid response: Io(");
  assert.equal(reader.complaints.length, 2);
});
