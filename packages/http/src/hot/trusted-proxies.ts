/** Which addresses are trusted to name the client they ask for. Asked per connection, and per address that a proxy names. */
import { type Cidr, cidrContains } from "@swarmtide/bittorrent";

/** Whether an address of 4 or 16 bytes lies in one of the blocks. */
export function isTrusted(trustedProxies: readonly Cidr[], address: Uint8Array): boolean {
  for (let i = 0; i < trustedProxies.length; i++)
    if (cidrContains(trustedProxies[i], address)) return true;
  return false;
}
