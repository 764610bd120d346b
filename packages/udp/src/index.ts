/** The UDP tracker (BEP 15): configuration, the handler of single datagrams, the two engines. */
export { type SwarmConfig, swarmSection, type UdpConfig, udpSection } from "./config.ts";
export { UDP_COUNTER_NAMES } from "./counters.ts";
export { type DgramEngineOptions, startDgramEngine } from "./dgram-engine.ts";
export { CONNECTION_KEY_WORDS, ConnectionIds } from "./hot/connection-id.ts";
export {
  DatagramHandler,
  type DatagramHandlerOptions,
  replyBytesMax,
} from "./hot/datagram-handler.ts";
export { type EngineSocket, type MmsgEngineOptions, runMmsgEngine } from "./mmsg-engine.ts";
