/**
 * Listening sockets for other programs. A program that cannot say which free port it took gets a socket that listens
 * already, as a descriptor: nobody can take the port in between, and clients may connect before the program serves.
 */
import type { TestContext } from "node:test";
import { closeFd, openTcpListener } from "@swarmtide/linux";

/** The first descriptor behind stdin, stdout and stderr: the n-th listener is `FIRST_INHERITED_FD + n` in the child. */
export const FIRST_INHERITED_FD = 3;

export interface InheritedListener {
  readonly port: number;
  /** For `stdio` of `spawn`. */
  readonly fd: number;
}

/** Sockets that listen on free ports of 127.0.0.1, closed here when the test is over. Linux only. */
export function inheritedListeners(t: TestContext, count: number): InheritedListener[] {
  return Array.from({ length: count }, () => {
    const listener = openTcpListener({
      family: 4,
      address: Uint8Array.of(127, 0, 0, 1),
      port: 0,
      backlog: 64,
    });
    t.after(() => closeFd(listener.fd));
    return listener;
  });
}
