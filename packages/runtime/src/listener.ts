/** A listener: a socket that a service is reached at, with the key that asked for it. Plain data; see listeners.ts. */
import { formatSocketAddress } from "@swarmtide/bittorrent";

/** Where to listen, and since it was opened with which descriptor. */
export interface Listener {
  /** The key that asks for it in the configuration: `udp.address_ipv4`. */
  readonly key: string;
  readonly family: 4 | 6;
  readonly isTls: boolean;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** 0 asks for a free port. */
  port: number;
  /** Undefined until it is opened. */
  readonly fd: number | undefined;
}

/** A place for a listener that is not open yet. */
export const listenerAt = (place: Omit<Listener, "fd">): Listener => ({ ...place, fd: undefined });

/** Whether a listener is reached at every address of the machine. */
export const isWildcard = ({ address }: Listener): boolean => address.every((byte) => byte === 0);

/** `0.0.0.0:3000`, with the port that was taken. */
export const formatListener = (listener: Listener): string => formatSocketAddress(listener);
