/**
 * An IP address with a port, as operators write it: `0.0.0.0:3000`, `[::]:3000`.
 *
 * Called for log lines and errors.
 */
import { formatIpAddress, IPV6_BYTES } from "./ip-address.ts";

/** Where a socket listens or a datagram comes from. */
export interface SocketAddress {
  /** 4 or 16 bytes in network order, canonical. */
  readonly address: Uint8Array;
  /** 0..65535; 0 asks the kernel for a free port. */
  readonly port: number;
}

/** `1.2.3.4:80` or `[2001:db8::1]:80`. */
export function formatSocketAddress({ address, port }: SocketAddress): string {
  const text = formatIpAddress(address);
  return address.length === IPV6_BYTES ? `[${text}]:${port}` : `${text}:${port}`;
}
