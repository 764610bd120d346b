/** A listener: a socket that a service is reached at, with the key that asked for it. Plain data; see listeners.ts. */
import { formatSocketAddress } from "@swarmtide/bittorrent";

/** Where to listen, and since it was opened with which descriptor. */
export interface Listener {
  /** The key that asks for it in the configuration: `udp.address_ipv4`. */
  readonly key: string;
  readonly family: 4 | 6;
  readonly isTls: boolean;
  /** 4 or 16 bytes; of a unix socket 0.0.0.0, as which its clients count. */
  readonly address: Uint8Array;
  /** 0 asks for a free port. */
  port: number;
  /** Undefined until it is opened. */
  readonly fd: number | undefined;
  /** Of a unix socket, which has no port. */
  readonly path?: string | undefined;
}

/** A place for a listener that is not open yet. */
export const listenerAt = (place: Omit<Listener, "fd">): Listener => ({ ...place, fd: undefined });

/** As which whoever connects to a unix socket counts: an address that no IP connection comes from. */
export const UNIX_SOCKET_CLIENTS = "0.0.0.0";

/** A place for a unix socket that is not open yet. */
export const unixListenerAt = (key: string, path: string): Listener => ({
  ...listenerAt({ key, family: 4, isTls: false, address: new Uint8Array(4), port: 0 }),
  path,
});

/** Whether a listener is reached at every address of the machine. */
export const isWildcard = ({ address }: Listener): boolean => address.every((byte) => byte === 0);

/** `0.0.0.0:3000`, with the port that was taken, or `unix:/run/swarmtide/http.sock`. */
export const formatListener = (listener: Listener): string =>
  listener.path === undefined ? formatSocketAddress(listener) : `unix:${listener.path}`;
