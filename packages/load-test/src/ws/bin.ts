#!/usr/bin/env node
/** The WebTorrent load tester of the benchmarks: puts a load of WebTorrent clients on a tracker and reports what they saw. */
import { describeRates, ratesBetween } from "./load-counts.ts";
import { LOAD_USAGE, LoadOptionError, type LoadOptions, readLoadOptions } from "./load-options.ts";
import { LoadTest } from "./load-test.ts";

function run(options: LoadOptions): void {
  const load = new LoadTest(options);
  let before = { ...load.counts };
  let beforeMs = performance.now();
  const report = (): void => {
    const nowMs = performance.now();
    const rates = ratesBetween(before, load.counts, (nowMs - beforeMs) / 1000);
    before = { ...load.counts };
    beforeMs = nowMs;
    process.stdout.write(`${options.json ? JSON.stringify(rates) : describeRates(rates)}\n`);
  };
  const timer = setInterval(report, options.reportSeconds * 1000);
  const end = (): void => {
    clearInterval(timer);
    load.stop();
    for (const reason of load.reasons) process.stderr.write(`A connection was lost: ${reason}\n`);
  };
  // Half a report later than the last one, so that it is not cut off.
  setTimeout(end, (options.durationSeconds + options.reportSeconds / 2) * 1000);
  load.start();
}

try {
  const options = readLoadOptions(process.argv.slice(2));
  if (options) run(options);
  else process.stdout.write(LOAD_USAGE);
} catch (error) {
  if (!(error instanceof LoadOptionError)) throw error;
  process.stderr.write(`${error.message}\n${LOAD_USAGE}`);
  process.exitCode = 2;
}
