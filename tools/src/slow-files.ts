/**
 * A reporter for `node --test` that prints, at the end, the ten test files that took longest: the tests' own time, without the
 * start of the process. `run-tests.ts` adds it to the runner's report; node:test takes the default export of a reporter.
 */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FILES_SHOWN = 10;

/** What of the runner's events is read here. */
export interface TestEvent {
  type: string;
  data: { nesting?: number; file?: string; details?: { duration_ms?: number } };
}

export default async function* slowFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const milliseconds = new Map<string, number>();
  for await (const { type, data } of events) {
    if ((type !== "test:pass" && type !== "test:fail") || data.nesting !== 0 || !data.file)
      continue;
    const took = data.details?.duration_ms ?? 0;
    milliseconds.set(data.file, (milliseconds.get(data.file) ?? 0) + took);
  }
  const slowest = [...milliseconds].sort((a, b) => b[1] - a[1]).slice(0, FILES_SHOWN);
  if (milliseconds.size > FILES_SHOWN) yield "\nslowest test files (seconds)\n";
  else return;
  for (const [file, took] of slowest)
    yield `${(took / 1000).toFixed(1).padStart(6)}  ${relative(ROOT, file)}\n`;
}
