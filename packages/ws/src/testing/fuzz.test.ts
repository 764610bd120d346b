import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzTrackers } from "./fuzz.ts";

const FRAMES = 8000;

for (const workers of [1, 3])
  test(`mutated frames crash nothing, reach nobody they should not and leave nothing, ${workers} of workers`, () => {
    const seed = 20_261_126;
    const report = fuzzTrackers(workers, FRAMES, seed);
    // Each of these has come up a hundred times and more; what is rare shows in long runs.
    const { announces, scrapes, refused, offersOut, answersOut, closedForProtocol } = report;
    const { mutatedMessages, mutatedFrames, offersJudged, answersJudged, countsJudged } = report;
    assert.equal(mutatedMessages + mutatedFrames, FRAMES);
    for (const count of [announces, scrapes, refused, offersOut, answersOut, closedForProtocol])
      assert.ok(count > 50, `seed ${seed}: ${JSON.stringify(report)}`);
    for (const count of [offersJudged, answersJudged, countsJudged])
      assert.ok(count > 50, `seed ${seed}: ${JSON.stringify(report)}`);
  });
