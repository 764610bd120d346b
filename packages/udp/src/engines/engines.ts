/** The engines of the UDP tracker, the fastest first. Nothing else knows an engine by its name. */
import { OperatorError } from "@swarmtide/runtime";
import { dgramEngine } from "./dgram/dgram-engine.ts";
import type { UdpEngine } from "./engine.ts";
import { mmsgEngine } from "./mmsg/mmsg-engine.ts";
import { uringEngine } from "./uring/uring-engine.ts";
import { xdpEngine } from "./xdp/xdp-engine.ts";

const ENGINES = [
  xdpEngine,
  uringEngine,
  mmsgEngine,
  dgramEngine,
] as const satisfies readonly UdpEngine[];

export type UdpEngineName = (typeof ENGINES)[number]["name"];

export const udpEngines: readonly (UdpEngine & { readonly name: UdpEngineName })[] = ENGINES;

/**
 * The engine of this name, or its fallback where it does not work; for "auto" the first that works here. Throws OperatorError
 * where there is none.
 */
export function udpEngineOf(wanted: UdpEngineName | "auto", engines = udpEngines) {
  const works = engines.filter((engine) => engine.supported() === true);
  const named = engines.find(({ name }) => name === wanted);
  const found =
    wanted === "auto"
      ? works.find(({ isAutomatic }) => isAutomatic)
      : (works.find(({ name }) => name === wanted) ??
        works.find(({ name }) => name === named?.fallback));
  if (found !== undefined) return found;
  const others = ["auto", ...works.map(({ name }) => name)].map((name) => `"${name}"`);
  throw new OperatorError(
    `udp.engine = "${wanted}" needs ${named?.supported()}, expected ${others.join(" or ")}`,
    { code: "SWARMTIDE_ENGINE_UNSUPPORTED" },
  );
}

/** What to tell where another engine than the configured one is taken. */
export function fallbackWarnings(wanted: UdpEngineName | "auto", engines = udpEngines): string[] {
  const named = engines.find(({ name }) => name === wanted);
  const supported = named?.supported();
  if (supported === true || supported === undefined || named?.fallback === undefined) return [];
  return [`udp.engine = "${wanted}" needs ${supported}: "${named.fallback}" is used`];
}
