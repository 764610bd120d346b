/** Whether the engine `xdp` can use a network interface. Called before it attaches to one, and by the checks of doctor. */
import {
  type NetworkInterface,
  XDP_FRAME_BYTES,
  XDP_RECEIVE_FRAMES,
  XDP_SEND_FRAMES,
} from "@swarmtide/linux";
import type { EngineBindOptions, EngineObstacle } from "../engine.ts";
import { ETHERNET_BYTES, FRAMES } from "./frame-layout.ts";

/** Memory that the socket of one receive queue pins. */
export const SOCKET_BYTES: number = (XDP_RECEIVE_FRAMES + XDP_SEND_FRAMES) * XDP_FRAME_BYTES;

/** Why not, or undefined. */
export function interfaceProblem(
  { interfaceName, replyBytesMax }: EngineBindOptions,
  found: NetworkInterface | undefined,
): EngineObstacle | undefined {
  const place = `udp.xdp_interface = "${interfaceName}"`;
  if (found === undefined)
    return {
      reason: `${place} is not a network interface`,
      remedy: "name one that `ip link` lists",
    };
  const bytes = replyBytesMax + FRAMES[6].payloadAt - ETHERNET_BYTES;
  if (bytes <= found.mtuBytes) return undefined;
  return {
    reason: `${place} has an MTU of ${found.mtuBytes} bytes, expected at least ${bytes} for a reply in one packet`,
    remedy: "raise the MTU, or lower udp.max_response_peers and udp.max_scrape_torrents",
  };
}
