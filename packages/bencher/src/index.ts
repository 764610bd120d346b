/** swarmtide and its rivals side by side, as separate processes. The program is `bench.js`; this is for other runners. */

export { runBenchmark } from "./harness/program.ts";
export type { Protocol } from "./harness/protocol.ts";
export { httpBenchmark } from "./protocols/http/http.ts";
export { udpBenchmark } from "./protocols/udp/udp.ts";
export { wsBenchmark } from "./protocols/ws/ws.ts";
