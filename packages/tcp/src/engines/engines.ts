/** The engines for TCP, the fastest first. Nothing else knows an engine by its name. */
import { OperatorError } from "@swarmtide/runtime";
import type { TcpEngine } from "./engine.ts";
import { epollEngine } from "./epoll/epoll-engine.ts";
import { netEngine } from "./net/net-engine.ts";

const ENGINES = [epollEngine, netEngine] as const satisfies readonly TcpEngine[];

export type TcpEngineName = (typeof ENGINES)[number]["name"];

export const tcpEngines: readonly (TcpEngine & { readonly name: TcpEngineName })[] = ENGINES;

/** The engine of this name; for "auto" the first that works here and does what is `needed`. Throws OperatorError. */
export function tcpEngineOf(
  wanted: TcpEngineName | "auto",
  needed: Partial<Pick<TcpEngine, "servesTls" | "hasEventLoop">> = {},
) {
  const works = tcpEngines.filter((engine) => engine.supported() === true);
  const found = works.find(
    ({ name, servesTls, hasEventLoop }) =>
      (wanted === "auto" || name === wanted) &&
      (servesTls || needed.servesTls !== true) &&
      (hasEventLoop || needed.hasEventLoop !== true),
  );
  if (found !== undefined) return found;
  const reason = tcpEngines.find(({ name }) => name === wanted)?.supported();
  const others = ["auto", ...works.map(({ name }) => name)].map((name) => `"${name}"`);
  throw new OperatorError(
    `web.engine = "${wanted}" needs ${reason}, expected ${others.join(" or ")}`,
    { code: "SWARMTIDE_ENGINE_UNSUPPORTED" },
  );
}
