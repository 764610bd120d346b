/**
 * `npm run transfer`: runs the suites in which real clients pass files on, beside each other since they mostly wait, and
 * prints at the end a table of what each client did over each protocol. Ends with 1 when a test failed.
 *
 *   node run-transfers.js [SUITE…]       suites by name, else all: transfer, browser, web-apps, wrtc, hand-over, cluster
 */
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { type Outcome, tableOf } from "./transfer-table.ts";
import { appPartsOf, partsOf } from "./transfers.ts";

/** The one that waits longest comes first. */
const SUITES = ["transfer", "browser", "web-apps", "wrtc", "hand-over", "cluster"];
const AT_ONCE = 2;

/** What is used of the events of a test that has ended. */
interface Ended {
  readonly name: string;
  readonly skip?: string | boolean;
  readonly details: { readonly duration_ms: number };
}

const outcomes = new Map<string, Outcome>();

function note({ name, skip, details }: Ended, hasFailed: boolean): void {
  if (hasFailed) process.exitCode = 1;
  if (partsOf(name) === undefined && appPartsOf(name) === undefined) return;
  const isSkipped = skip !== undefined && skip !== false;
  const passed = isSkipped ? "skipped" : { seconds: details.duration_ms / 1000 };
  outcomes.set(name, hasFailed ? "failed" : passed);
}

const named = process.argv.slice(2);
const unknown = named.find((name) => !SUITES.includes(name));
if (unknown !== undefined) {
  console.error(`No suite ${unknown}; there are ${SUITES.join(", ")}`);
  process.exit(1);
}
const files = SUITES.filter((suite) => named.length === 0 || named.includes(suite)).map((suite) =>
  fileURLToPath(new URL(`./${suite}.test.js`, import.meta.url)),
);
/** Who stops this stops the tests too, and they their clients. */
const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => ending.abort());
const tests = run({ files, concurrency: AT_ONCE, signal: ending.signal });
tests.on("test:pass", (ended) => note(ended, false));
tests.on("test:fail", (ended) => note(ended, true));
tests
  .compose(new spec())
  .on("end", () => console.log(tableOf(outcomes)))
  .pipe(process.stdout);
