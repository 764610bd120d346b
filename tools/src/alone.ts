/**
 * Which test files run without another beside them. Called by `run-tests.ts`.
 *
 * Such a test compares shares of processor time, latencies or rates of real processes, or fills every core by itself: beside
 * another it would measure that one.
 */

/** Each is a part of the path of a compiled test. */
const ALONE = [
  "faults/dist/handover/",
  "load-test/dist/",
  "tcp/dist/bench/overload",
  "tcp/dist/conversation/slowloris",
  "tracker/dist/stalled-worker",
  "tracker/dist/transfer/",
  "udp/dist/bench/overload",
];

export const runsAlone = (file: string): boolean => ALONE.some((part) => file.includes(part));
