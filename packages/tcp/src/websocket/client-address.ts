/**
 * Whose limits a WebSocket connection counts for: the address it comes from or, behind a trusted proxy, the one that the
 * proxy's header names. Asked once for each connection, by the endpoint of its web worker.
 *
 * As for HTTP (forwarded-address.ts of http), the rightmost address that is not a trusted proxy itself is the client; what
 * stands left of it was sent by the client and may be forged. Where all are trusted it is the leftmost.
 */
import {
  type Cidr,
  canonicalAddress,
  cidrContains,
  IPV4_BYTES,
  IPV6_BYTES,
  parseIpAddress,
} from "@swarmtide/bittorrent";
import type { ClientAddress } from "@swarmtide/ws";

/** Undefined where a trusted proxy does not name the client it asks for: a connection without limits of its own. */
export function clientAddressOf(
  from: Uint8Array,
  forwarded: string | undefined,
  trustedProxies: readonly Cidr[],
): ClientAddress | undefined {
  const isTrusted = (address: Uint8Array) =>
    trustedProxies.some((cidr) => cidrContains(cidr, address));
  const own = canonicalAddress(from);
  if (!isTrusted(own)) return clientAddress(own);
  let found: Uint8Array | undefined;
  for (const item of (forwarded ?? "").split(",").reverse()) {
    const text = item.trim();
    if (text === "") continue;
    found = addressIn(text);
    if (found === undefined || !isTrusted(found)) break;
  }
  return found && clientAddress(found);
}

function clientAddress(address: Uint8Array): ClientAddress {
  const words = new Int32Array(IPV6_BYTES / Int32Array.BYTES_PER_ELEMENT);
  new Uint8Array(words.buffer).set(address);
  return { words, family: address.length === IPV4_BYTES ? 4 : 6 };
}

/** `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`. */
function addressIn(text: string): Uint8Array | undefined {
  const [, bracketed, ipv4] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? [];
  const address = parseIpAddress(bracketed ?? ipv4 ?? text);
  return address && canonicalAddress(address);
}
