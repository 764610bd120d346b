/**
 * The sockets that a running process hands to the one that takes over: told by that as plain data, and given to `Listeners` in
 * place of new ones by this. A datagram or connection that waits in one is served by whoever reads it. Main thread.
 *
 * Every socket is read by some worker, whatever their number: with fewer workers than sockets a worker reads several, with
 * more some share one. So no part of the senders that the kernel assigns to a socket is left waiting.
 */
import { closeFd, duplicateFd } from "@swarmtide/linux";
import type { Listener } from "./listener.ts";

/** One open socket. */
export interface HandedSocket {
  /** What it is read as: a service takes only its own. */
  readonly kind: "udp" | "tcp" | "page" | "control";
  readonly key: string;
  readonly family: 4 | 6;
  /** In hexadecimal. */
  readonly address: string;
  readonly port: number;
  /** Of a unix socket that serves clients. */
  readonly path?: string | undefined;
  readonly fd: number;
}

/** A listener as it is told to another process. */
export const handedSocket = (kind: HandedSocket["kind"], listener: Listener): HandedSocket[] =>
  listener.fd === undefined
    ? []
    : [{ ...socketPlace(listener), kind, fd: listener.fd, port: listener.port }];

const socketPlace = ({ key, family, address, path }: Listener) => ({
  ...{ key, family, address: Buffer.from(address).toString("hex") },
  ...(path === undefined ? {} : { path }),
});

/** Those of one kind that nobody has taken yet. */
export class HandedSockets {
  #left: readonly HandedSocket[];

  constructor(sockets: readonly HandedSocket[]) {
    this.#left = sockets;
  }

  /** Those of one kind, for the service that reads them. */
  of(kind: HandedSocket["kind"]): HandedSockets {
    const own = new HandedSockets(this.#left.filter((socket) => socket.kind === kind));
    this.#left = this.#left.filter((socket) => socket.kind !== kind);
    return own;
  }

  /**
   * The listeners of each worker at a place, or undefined where there is none. A place with port 0 takes what the same key had.
   */
  take(place: Listener, workers: number): Listener[][] | undefined {
    const wanted = socketPlace(place);
    const isWanted = (socket: HandedSocket) =>
      socket.family === wanted.family &&
      socket.path === place.path &&
      socket.address === wanted.address &&
      (place.port === 0 ? socket.key === wanted.key : socket.port === place.port);
    const found = this.#left.filter(isWanted);
    if (found.length === 0) return undefined;
    this.#left = this.#left.filter((socket) => !isWanted(socket));
    const ofWorkers: Listener[][] = Array.from({ length: workers }, () => []);
    for (let i = 0; i < Math.max(workers, found.length); i++) {
      const socket = found[i % found.length];
      if (socket === undefined) continue;
      const fd = i < found.length ? socket.fd : duplicateFd(socket.fd);
      ofWorkers[i % workers]?.push({ ...place, port: socket.port, fd });
    }
    return ofWorkers;
  }

  /** Closes those that the configuration has no use for. Returns how they are called. */
  closeRest(): HandedSocket[] {
    const rest = [...this.#left];
    for (const { fd } of rest) closeFd(fd);
    this.#left = [];
    return rest;
  }
}
