import assert from "node:assert/strict";
import { test } from "node:test";
import { WsLoadReportReader } from "./tester-report.ts";

/** As aquatic_ws_load_test 0.9.0 prints it. */
const block = (sent: string, received: string): string[] => [
  "",
  `Requests out: ${sent}/second`,
  `Responses in: ${received}/second`,
  "  - Announce responses: 17143.80",
  "  - Offer responses:    55069.20",
  "  - Answer responses:   7310.20",
  "  - Scrape responses:   0.00",
  "  - Error responses:    0.00",
  "Active connections: 24",
];

test("every block becomes an interval with its figures, and the closing report changes none", () => {
  let heard = 0;
  const reader = new WsLoadReportReader(() => heard++);
  for (const line of [
    "Max connections reached",
    ...block("72763.00", "72758.20"),
    ...block("79523.20", "79523.40"),
    "# aquatic load test report",
    "Test ran for 15 seconds.",
    "Average responses per second: 72598.93",
    ...block("1.00", "2.00"),
  ])
    reader.line(line);
  assert.equal(heard, 2);
  assert.equal(reader.intervals.length, 2);
  assert.deepEqual(reader.intervals[1], {
    sent: 79523.2,
    received: 79523.4,
    announces: 17143.8,
    offers: 55069.2,
    answers: 7310.2,
    scrapes: 0,
    errors: 0,
    connections: 24,
    lost: 0,
  });
});

test("what comes before the first block is passed over", () => {
  const reader = new WsLoadReportReader(() => assert.fail("no block has begun"));
  reader.line("Responses in: 5.00/second");
  assert.deepEqual(reader.intervals, []);
});

test("a line of JSON is an interval of its own", () => {
  let heard = 0;
  const reader = new WsLoadReportReader(() => heard++);
  const counts = { sent: 1, received: 5, announces: 1, offers: 3, answers: 1, scrapes: 0 };
  const interval = { ...counts, errors: 0, connections: 7, lost: 2 };
  reader.line(JSON.stringify(interval));
  assert.equal(heard, 1);
  assert.deepEqual(reader.intervals, [interval]);
});
