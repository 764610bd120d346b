import assert from "node:assert/strict";
import { test } from "node:test";
import { Population } from "./population.ts";
import { Random } from "./random.ts";

test("a population is the same in each run, its ports never 0", () => {
  const [one, two] = [new Population(50, 300), new Population(50, 300)];
  assert.deepEqual(one.infoHashes, two.infoHashes);
  assert.deepEqual(one.torrentOf, two.torrentOf);
  assert.ok(!one.portOf.includes(0));
});

test("torrents are drawn by their weights: T/P + exp(6.5 - 500 i/T)", () => {
  const [torrents, peers, draws] = [1000, 2000, 200_000];
  const population = new Population(torrents, peers);
  const random = new Random(3);
  const drawn = new Float64Array(torrents);
  for (let draw = 0; draw < draws; draw++) {
    const torrent = population.drawTorrent(random);
    drawn[torrent] = (drawn[torrent] ?? 0) + 1;
  }
  const weight = (index: number): number =>
    torrents / peers + Math.exp(6.5 - (500 * index) / torrents);
  const total = Array.from(drawn.keys(), weight).reduce((sum, value) => sum + value, 0);
  for (const index of [0, 1, 5]) {
    const expected = (draws * weight(index)) / total;
    // Within five standard deviations of a binomial count; the random numbers are the same in each run.
    assert.ok(
      Math.abs((drawn[index] ?? 0) - expected) < 5 * Math.sqrt(expected),
      `torrent ${index}`,
    );
  }
  const tail = drawn.subarray(20).reduce((sum, count) => sum + count, 0);
  const expectedTail =
    (draws *
      Array.from(drawn.keys(), weight)
        .slice(20)
        .reduce((sum, value) => sum + value, 0)) /
    total;
  assert.ok(Math.abs(tail - expectedTail) < 5 * Math.sqrt(expectedTail));
});
