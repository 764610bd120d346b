import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type SoakResult } from "./verdict.ts";

const idle = { rssMib: 90, descriptors: 40, threads: 15 };
const steady = Array.from({ length: 90 }, (_, at) => ({ ...idle, rssMib: 100 + (at % 5) }));

const good: SoakResult = {
  ...{ samples: steady, idleBefore: idle, idleAfter: idle, contradictions: 0, compared: 1000 },
  ...{
    answered: 100_000,
    lost: 10,
    complaints: [],
    descriptorsLeft: [],
    exitCode: 0,
    stopMilliseconds: 100,
  },
};

/** The names of the checks that do not hold. */
const failed = (change: Partial<SoakResult>): string[] =>
  judge({ ...good, ...change })
    .filter(({ holds }) => !holds)
    .map(({ name }) => name);

test("a steady run holds", () => {
  assert.deepEqual(failed({}), []);
});

test("memory that grows from the first third to the last fails, whatever it did at the very start", () => {
  const growing = steady.map((sample, at) => ({ ...sample, rssMib: 100 + at / 3 }));
  assert.deepEqual(failed({ samples: growing }), ["memory does not grow"]);
  const warmingUp = steady.map((sample, at) => (at < 9 ? { ...sample, rssMib: 20 } : sample));
  assert.deepEqual(failed({ samples: warmingUp }), []);
});

test("each of the other checks fails on its own", () => {
  const more = { ...idle, descriptors: 41 };
  assert.deepEqual(failed({ idleAfter: more }), ["no descriptor stays behind"]);
  assert.deepEqual(failed({ idleAfter: { ...idle, threads: 16 } }), ["no thread stays behind"]);
  assert.deepEqual(failed({ contradictions: 1 }), ["counts are those of the model"]);
  assert.deepEqual(failed({ compared: 0 }), ["counts are those of the model"]);
  assert.deepEqual(failed({ lost: 200 }), ["answers come"]);
  assert.deepEqual(failed({ complaints: ["a"] }), ["nothing to complain of"]);
  assert.deepEqual(failed({ exitCode: "SIGKILL" }), ["SIGTERM ends it"]);
  assert.deepEqual(failed({ stopMilliseconds: 6000 }), ["SIGTERM ends it"]);
});
