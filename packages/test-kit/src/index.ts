/** What tests of several rooms share. Imported by tests, benches and `testing/` only; never published. */
export { FakeClock } from "./fake-clock.ts";
export { cgroupsMissing, limitedCgroup } from "./limited-cgroup.ts";
export { until } from "./until.ts";
