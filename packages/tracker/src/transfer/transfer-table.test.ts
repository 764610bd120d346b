import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outcome, tableOf } from "./transfer-table.ts";
import { partsOf, TRANSFERS, titleOf } from "./transfers.ts";

const rowOf = (text: string, client: string): readonly string[] | undefined =>
  text
    .split("\n")
    .find((line) => line.startsWith(client))
    ?.split(/ {2,}/);

const table = (results: Readonly<Record<string, Outcome>>): string =>
  tableOf(new Map(Object.entries(results)));

test("a client has a row, a protocol a column, and what it cannot do its reason", () => {
  const text = table({
    "aria2 seeds to aria2 over udp4": { seconds: 7.84 },
    "aria2 seeds to aria2 over http4": { seconds: 6 },
  });
  assert.deepEqual(rowOf(text, "client")?.slice(0, 4), ["client", "udp4", "udp6", "http4"]);
  assert.deepEqual(rowOf(text, "aria2"), ["aria2", "7.8", "no (2)", "6.0"]);
  assert.match(text, /^\(2\) The client has no UDP announces over IPv6\.$/m);
});

test("of the tests of one cell the longest is shown, and a failure before all", () => {
  const text = table({
    "Chromium seeds to Chromium over ws, 1 worker": { seconds: 3 },
    "Chromium seeds to Chromium over ws, 2 workers": { seconds: 2 },
    "Chromium seeds to Chromium over wss, 1 worker": "failed",
    "Chromium seeds to Chromium over wss, 2 workers": { seconds: 3 },
  });
  assert.match(text, /^Chromium +3\.0 +failed$/m);
});

test("a test that was skipped has no time", () => {
  const text = table({ "rtorrent seeds to rtorrent over udp4": "skipped" });
  assert.deepEqual(rowOf(text, "rtorrent")?.slice(0, 2), ["rtorrent", "skipped"]);
});

test("a file between two clients or over two protocols is a row of its own", () => {
  const text = table({ "aria2 seeds to rtorrent over udp4 and https4": { seconds: 4 } });
  assert.deepEqual(rowOf(text, "aria2"), ["aria2, udp4", "rtorrent, https4", "4.0"]);
});

test("what pages do has a column for each tracker", () => {
  const text = table({
    "p2pt: two meet, tracked by swarmtide": { seconds: 2 },
    "bugout: two meet, tracked by swarmtide": "failed",
    "bugout: two meet, tracked by bittorrent-tracker": { seconds: 3 },
  });
  assert.deepEqual(rowOf(text, "p2pt"), ["p2pt: two meet", "2.0", "not run"]);
  assert.deepEqual(rowOf(text, "bugout"), ["bugout: two meet", "failed", "3.0"]);
});

test("each transfer of the list has a name of its own, which can be read again", () => {
  const titles = TRANSFERS.map(({ seeder, leecher, over }) =>
    titleOf(seeder.name, leecher.name, over),
  );
  assert.equal(new Set(titles).size, titles.length);
  const [first] = TRANSFERS;
  assert.deepEqual(partsOf(titles[0] ?? ""), {
    seeder: first?.seeder.name,
    leecher: first?.leecher.name,
    over: first?.over,
  });
  assert.equal(partsOf("meet as seeders"), undefined);
});
