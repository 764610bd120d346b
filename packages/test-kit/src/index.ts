/** What tests of several rooms share. Imported by tests, benches and `testing/` only; never published. */
export { type CertificateFiles, makeCertificate } from "./certificate.ts";
export { FakeClock } from "./fake-clock.ts";
export {
  announceTarget,
  type HttpAnswer,
  HttpClient,
  type HttpConnectOptions,
  httpGet,
} from "./http-client.ts";
export {
  FIRST_INHERITED_FD,
  type InheritedListener,
  inheritedListeners,
} from "./inherited-listener.ts";
export { cgroupsMissing, limitedCgroup } from "./limited-cgroup.ts";
export { NatsServer, natsMissing } from "./nats-server.ts";
export { type MeanAndBound, meanAndBound } from "./paired-cost.ts";
export {
  LOOPBACK_CONFIG,
  PROGRAM,
  PROGRAM_COMMAND,
  type ProgramOptions,
  printingConfig,
  runToEnd,
  ServingProgram,
  startProgram,
  temporaryFolder,
} from "./program.ts";
export { type RandomBelow, RandomSource, randomBelow } from "./random-source.ts";
export { busiestThread, stallObstacle, stallThread } from "./stalled-thread.ts";
export { type UdpAnnounceReply, UdpClient } from "./udp-client.ts";
export { until, within } from "./until.ts";
export { idOf, type TrackerMessage, WebTorrentClient } from "./web-torrent-client.ts";
