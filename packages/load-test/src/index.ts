/** Load testers for trackers. The program `swarmtide` makes them sub-commands; `ws/bin.js` is one of its own. */
export { Population } from "./population.ts";
export { type LoadTestOptions, loadTestHttp, loadTestUdp, loadTestWs } from "./run-load-test.ts";
