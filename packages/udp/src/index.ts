/** The UDP tracker (BEP 15): its configuration, its sockets and workers, and the handler of single datagrams. */
export {
  bindUdp,
  type UdpBinding,
  udpEngineObstacles,
  udpPlacesOf,
  wrongAddressWarnings,
} from "./bind.ts";
export { type UdpConfig, udpSection } from "./config.ts";
export * as udpColumns from "./counters.ts";
export {
  fallbackWarnings,
  type UdpEngineName,
  udpEngineOf,
  udpEngines,
} from "./engines/engines.ts";
export { CONNECTION_KEY_WORDS, ConnectionIds } from "./hot/connection-id.ts";
export { DatagramHandler, type DatagramMemory } from "./hot/datagram-handler.ts";
export { UdpTracker, type UdpTrackerOptions } from "./hot/udp-tracker.ts";
export { replyBytesMax } from "./reply-bytes.ts";
export { startUdp, type UdpServer, type UdpServerOptions } from "./server.ts";
