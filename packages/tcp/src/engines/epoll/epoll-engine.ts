/** Engine `epoll`: plain HTTP through the system calls of Linux. Its loop keeps the thread to itself. */
import { linuxObstacle } from "@swarmtide/linux";
import { DRAIN_MILLISECONDS_MAX, LOOK_MILLISECONDS, type Steering } from "@swarmtide/runtime";
import type { TcpEngine, TcpEngineOptions, TcpEngineRun } from "../engine.ts";
import { EpollServer } from "./hot/epoll-server.ts";

export const epollEngine = {
  name: "epoll",
  doc: "through the system calls of Linux",
  supported: () => linuxObstacle() ?? true,
  servesTls: false,
  hasEventLoop: false,
  closesListeners: false,
  open,
} as const satisfies TcpEngine;

function open({ conversation, listeners, sendDescriptor, tick }: TcpEngineOptions): TcpEngineRun {
  const own = {
    ...conversation,
    listenerFds: listeners.flatMap(({ fd }) => fd ?? []),
    onUpgrade: sendDescriptor,
  };
  const server = new EpollServer(own);
  return {
    handler: server.handler,
    configure(news) {
      Object.assign(own, news);
      server.configure();
    },
    setSecureContext() {},
    run(steering: Steering) {
      while (steering.goesOn()) {
        tick();
        server.serveRound(LOOK_MILLISECONDS);
      }
    },
    drain(steering) {
      server.drain();
      while (server.connectionCount > 0 && steering.goesOn()) {
        tick();
        server.serveRound(LOOK_MILLISECONDS);
      }
    },
    stop() {
      server.stop();
      const end = performance.now() + DRAIN_MILLISECONDS_MAX;
      while (server.connectionCount > 0 && performance.now() < end)
        server.serveRound(LOOK_MILLISECONDS);
      server.close();
    },
  };
}
