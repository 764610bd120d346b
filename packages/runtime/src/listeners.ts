/**
 * Listeners: the sockets a service is reached at, each with the key of the configuration that asked for it. The main thread
 * opens them before any worker starts, so that a port in use is reported while nothing runs yet, and closes all of them when
 * one cannot be opened. A listener is plain data: workers get it with its descriptor, and so does another process that takes
 * over (`HandedSockets`).
 *
 * With several workers each has a socket of its own on the same port (SO_REUSEPORT, socket(7)), and the kernel spreads
 * senders and connections over them. Of a unix socket there is one, of which each worker has a descriptor. Where Linux calls are missing a listener has no descriptor: the engine opens it
 * on the main thread and notes the port that was taken.
 */
import { closeFd, duplicateFd, SyscallError } from "@swarmtide/linux";
import type { ErrorCode } from "./error-codes.ts";
import type { HandedSockets } from "./handed-sockets.ts";
import { formatListener, type Listener } from "./listener.ts";
import { OperatorError } from "./operator-error.ts";

/** Opens one socket at the address of `place` and `port`. Throws SyscallError. */
export type OpenSocket = (
  place: Listener,
  port: number,
  reusePort: boolean,
) => { readonly fd: number; readonly port: number };

/** Tries to find a port that is free for both families. Another program would have to take one each time. */
const SHARED_PORT_TRIES = 8;

/** The listeners of a group of workers. */
export class Listeners {
  /** Those of each worker. */
  readonly ofWorkers: readonly (readonly Listener[])[];
  /** One for each place, with the port that was taken. */
  readonly places: readonly Listener[];

  private constructor(ofWorkers: readonly (readonly Listener[])[], places: readonly Listener[]) {
    this.ofWorkers = ofWorkers;
    this.places = places;
  }

  /**
   * Opens a socket on each place for each worker, where none was handed over. Places with port 0 share a free port where they
   * differ in family alone. Throws OperatorError with the key, the call, the address and the reason; nothing stays open then.
   */
  static open(
    places: readonly Listener[],
    workers: number,
    openSocket: OpenSocket,
    handed?: HandedSockets,
  ): Listeners {
    const found = places.map((place) => handed?.take(place, workers));
    const missing = places.filter(({ path }, i) => found[i] === undefined && path === undefined);
    const opened = openWithTries(missing, workers, openSocket);
    try {
      for (const [i, place] of places.entries())
        if (place.path !== undefined) found[i] ??= openShared(place, workers, openSocket);
    } catch (error) {
      closeAll(opened.flat());
      throw error;
    }
    const ofWorkers = Array.from({ length: workers }, (_, worker) => {
      const own = [...(opened[worker] ?? [])];
      return found.flatMap((handedOn) => handedOn?.[worker] ?? own.splice(0, 1));
    });
    const firsts = [...(opened[0] ?? [])];
    const taken = found.flatMap((handedOn) => handedOn?.flat().slice(0, 1) ?? firsts.splice(0, 1));
    return new Listeners(ofWorkers, taken);
  }

  /** Places that one worker on the main thread opens itself. */
  static unopened(places: readonly Listener[]): Listeners {
    return new Listeners([places], places);
  }

  /** What they listen on. */
  get addresses(): string[] {
    return this.places.map(formatListener);
  }

  /** Closes every descriptor; not for those that an engine has closed. */
  close(): void {
    closeAll(this.ofWorkers.flat());
  }
}

/**
 * For a place with port 0: the one that the other family of its kind has taken, first by first and second by second where a
 * family has several, or 0 where this is the first.
 */
export function sharedPort(place: Listener, freePorts: readonly Listener[]): number {
  const kind = freePorts.filter(({ isTls }) => isTls === place.isTls);
  const own = kind.filter(({ family }) => family === place.family);
  const others = kind.filter(({ family }) => family !== place.family);
  return others[own.length]?.port ?? 0;
}

/** One socket that every worker accepts from, each with a descriptor of its own: unix sockets have no SO_REUSEPORT. */
function openShared(place: Listener, workers: number, openSocket: OpenSocket): Listener[][] {
  const [first] = openEach([place], false, openSocket);
  return Array.from({ length: workers }, (_, worker) => {
    if (first?.fd === undefined) return [];
    return [worker === 0 ? first : { ...first, fd: duplicateFd(first.fd) }];
  });
}

function openWithTries(
  places: readonly Listener[],
  workers: number,
  openSocket: OpenSocket,
): Listener[][] {
  for (let tries = 1; ; tries++) {
    try {
      return openAll(places, workers, openSocket);
    } catch (error) {
      if (tries < SHARED_PORT_TRIES && isTakenSharedPort(error)) continue;
      throw error;
    }
  }
}

function openAll(
  places: readonly Listener[],
  workers: number,
  openSocket: OpenSocket,
): Listener[][] {
  let ported = places;
  // A shared port lets any program of this user in. A first socket that shares nothing finds a port in use.
  if (workers > 1) {
    const alone = openEach(places, false, openSocket);
    closeAll(alone);
    ported = places.map((place, i) => ({ ...place, port: alone[i]?.port ?? place.port }));
  }
  const ofWorkers: Listener[][] = [];
  try {
    for (let worker = 0; worker < workers; worker++)
      ofWorkers.push(openEach(ported, workers > 1, openSocket));
  } catch (error) {
    closeAll(ofWorkers.flat());
    throw error;
  }
  return ofWorkers;
}

function openEach(
  places: readonly Listener[],
  reusePort: boolean,
  openSocket: OpenSocket,
): Listener[] {
  const opened: Listener[] = [];
  const freePorts: Listener[] = [];
  for (const place of places) {
    const port = place.port === 0 ? sharedPort(place, freePorts) : place.port;
    try {
      const listener = { ...place, ...openSocket(place, port, reusePort) };
      opened.push(listener);
      if (place.port === 0) freePorts.push(listener);
    } catch (error) {
      closeAll(opened);
      if (!(error instanceof SyscallError)) throw error;
      throw port === place.port
        ? listenError(place, error, error.code)
        : new SharedPortError(place, error);
    }
  }
  return opened;
}

/** A free port of one family is taken in the other; another try finds another. */
class SharedPortError extends OperatorError {
  constructor(place: Listener, cause: SyscallError) {
    super(`${place.key}: ${cause.message}`, { code: codeOfErrno(cause.code), cause });
  }
}

const isTakenSharedPort = (error: unknown): boolean =>
  error instanceof SharedPortError && error.code === "SWARMTIDE_PORT_IN_USE";

/** The error for a listener that cannot be opened: it names the key, and its code follows from the errno. */
export const listenError = (
  { key }: Pick<Listener, "key">,
  cause: Error,
  errno: string | undefined,
): OperatorError =>
  new OperatorError(`${key}: ${cause.message}`, { code: codeOfErrno(errno), cause });

function codeOfErrno(errno: string | undefined): ErrorCode {
  switch (errno) {
    case "EADDRINUSE":
      return "SWARMTIDE_PORT_IN_USE";
    case "EACCES":
      return "SWARMTIDE_PORT_FORBIDDEN";
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
      return "SWARMTIDE_ADDRESS_UNAVAILABLE";
    default:
      return "SWARMTIDE_LISTEN_FAILED";
  }
}

function closeAll(listeners: readonly Listener[]): void {
  for (const { fd } of listeners) if (fd !== undefined) closeFd(fd);
}
