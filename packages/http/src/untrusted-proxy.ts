/** The log line about a proxy that is not trusted but acts as one. See hot/proxy-hint.ts for how it is noticed. */
import { formatIpAddress } from "@swarmtide/bittorrent";
import type { HttpPeer } from "./hot/http-peer.ts";
import { peerAddressBytes } from "./peer-address.ts";

/** `headerName` is the header that the operator has configured, perhaps none. */
export function describeUntrustedProxy(proxy: HttpPeer, headerName: string): string {
  const address = formatIpAddress(peerAddressBytes(proxy));
  return (
    `${address} sends many announces with forwarding headers but is not a trusted proxy: all its clients are ` +
    `recorded under its own address. If it is your proxy, add "${address}" to trusted_proxies in [web] and let it ` +
    `send ${headerName === "" ? "a client address header" : headerName}`
  );
}
