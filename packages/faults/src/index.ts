/** Breaks the running program, and soaks it. The programs are `faults/faults.js` and `soak/soak.js`. */
export { type Check, judge, type SoakResult } from "./soak/verdict.ts";
