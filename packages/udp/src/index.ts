export { type SwarmConfig, swarmSection, type UdpConfig, udpSection } from "./config.ts";
