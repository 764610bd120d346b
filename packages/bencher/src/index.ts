/** swarmtide and its rivals side by side, as separate processes. The programs are `bench-*.js`; this is for other runners. */

export {
  aquaticProgram,
  buildFloor,
  cCompiler,
  installAquatic,
  rivalsFolder,
} from "./rivals.ts";
export type { BenchServer } from "./running-server.ts";
export { markdownReport, summarizeServers, type UdpResults } from "./udp/results.ts";
export { runUdpRound, type UdpLoad, type UdpRound } from "./udp/round.ts";
export { aquaticServer, floorServer, swarmtideServer } from "./udp/servers.ts";
export { type LoadInterval, LoadReportReader } from "./udp/tester-report.ts";
