/** The table of slow test files, made from events as the runner sends them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import slowFiles, { type TestEvent } from "./slow-files.ts";

const passed = (file: string, seconds: number, nesting = 0): TestEvent => ({
  type: "test:pass",
  data: { nesting, file, details: { duration_ms: seconds * 1000 } },
});

async function tableOf(events: TestEvent[]): Promise<string[]> {
  async function* stream(): AsyncGenerator<TestEvent> {
    yield* events;
  }
  let text = "";
  for await (const part of slowFiles(stream())) text += part;
  return text.split("\n").filter((line) => line !== "");
}

const elevenFiles = Array.from({ length: 11 }, (_, index) => passed(`/tests/${index}.js`, index));

test("the ten slowest files are listed with the sum of their tests, slowest first", async () => {
  const [title, first, second, ...rest] = await tableOf([
    ...elevenFiles,
    passed("/tests/3.js", 20),
    passed("/tests/4.js", 100, 1),
    { type: "test:start", data: {} },
  ]);
  assert.equal(title, "slowest test files (seconds)");
  assert.match(first ?? "", /^ {2}23\.0 {2}\S*\/3\.js$/);
  assert.match(second ?? "", /^ {2}10\.0 {2}\S*\/10\.js$/);
  assert.equal(rest.length, 8);
});

test("a failed test counts, and a run of a few files prints no table", async () => {
  assert.deepEqual(await tableOf(elevenFiles.slice(0, 10)), []);
  const failed = { ...passed("/tests/f.js", 30), type: "test:fail" };
  assert.match((await tableOf([...elevenFiles, failed]))[1] ?? "", /^ {2}30\.0 {2}\S*\/f\.js$/);
});
