/**
 * An IP address with a port, as operators write it: `0.0.0.0:3000`, `[::]:3000`.
 *
 * Called with configuration and for log lines.
 */
import { formatIpAddress, IPV6_BYTES, parseIpAddress } from "./ip-address.ts";

/** Where a socket listens or a datagram comes from. */
export interface SocketAddress {
  /** 4 or 16 bytes in network order, canonical. */
  readonly address: Uint8Array;
  /** 0..65535; 0 asks the kernel for a free port. */
  readonly port: number;
}

/** The number 0..65535 of a port written in decimal without sign or leading zeros, or `undefined`. */
export function parsePort(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 0xffff ? port : undefined;
}

/**
 * Reads `1.2.3.4:80` or `[2001:db8::1]:80`. Brackets are required around IPv6 and refused around IPv4, so that no text
 * has two readings. An IPv4-mapped address in brackets is folded into IPv4.
 */
export function parseSocketAddress(text: string): SocketAddress | undefined {
  const bracketed = text.startsWith("[");
  const colon = text.lastIndexOf(":");
  if (colon < 1) return undefined;
  const host = text.slice(0, colon);
  if (bracketed && !host.endsWith("]")) return undefined;
  const addressText = bracketed ? host.slice(1, -1) : host;
  if (addressText.includes(":") !== bracketed) return undefined;
  const address = parseIpAddress(addressText);
  const port = parsePort(text.slice(colon + 1));
  return address === undefined || port === undefined ? undefined : { address, port };
}

/** `1.2.3.4:80` or `[2001:db8::1]:80`. */
export function formatSocketAddress({ address, port }: SocketAddress): string {
  const text = formatIpAddress(address);
  return address.length === IPV6_BYTES ? `[${text}]:${port}` : `${text}:${port}`;
}
