/** What tests of several rooms share. Imported by tests, benches and `testing/` only; never published. */
export { FakeClock } from "./fake-clock.ts";
export { until } from "./until.ts";
