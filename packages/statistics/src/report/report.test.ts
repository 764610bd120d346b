import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ApiStats } from "../api-shape.ts";
import { formatHtml, writeHtmlFile } from "./html-file.ts";
import { formatStatisticsBlock, formatStatisticsJson } from "./text-block.ts";

const example = JSON.parse(
  readFileSync(new URL("../../testdata/stats.json", import.meta.url), "utf8"),
) as ApiStats;

test("the block has aligned tables with the numbers of the snapshot", () => {
  const block = formatStatisticsBlock(example);
  assert.match(
    block,
    /^=== swarmtide 0\.1\.0 statistics, 2026-03-14T15:09:26\.000Z, up 90061 s ===\n/,
  );
  assert.match(block, /\n {2}udp ipv4 announce +36,000 +34,200 +2,917,976,400\n/);
  assert.match(block, /\n {2}torrents +2,411,902\n/);
  assert.match(block, /\n {2}udp-1 udp +90 µs +450 µs +3\.6 ms\n/);
  assert.match(block, /\n {2}udp: Datagrams dropped without a reply: connection id +96 /);
  assert.ok(block.split("\n").every((line) => line.length < 160));
});

test("as JSON it is one line", () => {
  const line = formatStatisticsJson(example);
  assert.equal(line.indexOf("\n"), line.length - 1);
  const { time, statistics } = JSON.parse(line) as { time: string; statistics: ApiStats };
  assert.equal(time, "2026-03-14T15:09:26.000Z");
  assert.equal(statistics.swarms.torrents, 2_411_902);
});

test("the HTML file appears whole, with its text escaped", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-html-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "index.html");
  const [first, ...others] = example.problems;
  assert.ok(first !== undefined);
  const stats = { ...example, problems: [{ ...first, text: '<img src="x">&' }, ...others] };
  await writeHtmlFile(path, stats, 5);
  const html = readFileSync(path, "utf8");
  assert.equal(html, formatHtml(stats, 5));
  assert.match(html, /&lt;img src=&quot;x&quot;&gt;&amp;/);
  assert.doesNotMatch(html, /<img|<script/);
  assert.match(html, /<th scope="row">torrents<\/th><td>2,411,902<\/td>/);
  assert.deepEqual(readdirSync(folder), ["index.html"]);
});
