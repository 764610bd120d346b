/** A load of WebTorrent clients for one tracker. The program is `bin.js`; this is for other programs. */
export { describeRates, type LoadCounts, ratesBetween } from "./load-counts.ts";
export { DEFAULT_LOAD, type LoadOptions, readLoadOptions } from "./load-options.ts";
export { LoadTest } from "./load-test.ts";
