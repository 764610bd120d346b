/** The engines of the UDP tracker, the fastest first. Nothing else knows an engine by its name. */
import { OperatorError } from "@swarmtide/runtime";
import { dgramEngine } from "./dgram/dgram-engine.ts";
import type { UdpEngine } from "./engine.ts";
import { mmsgEngine } from "./mmsg/mmsg-engine.ts";
import { xdpEngine } from "./xdp/xdp-engine.ts";

const ENGINES = [xdpEngine, mmsgEngine, dgramEngine] as const satisfies readonly UdpEngine[];

export type UdpEngineName = (typeof ENGINES)[number]["name"];

export const udpEngines: readonly (UdpEngine & { readonly name: UdpEngineName })[] = ENGINES;

/** The engine of this name; for "auto" the first that works here. Throws OperatorError where it does not. */
export function udpEngineOf(wanted: UdpEngineName | "auto") {
  const works = udpEngines.filter((engine) => engine.supported() === true);
  const found = works.find(({ name, isAutomatic }) =>
    wanted === "auto" ? isAutomatic : name === wanted,
  );
  if (found !== undefined) return found;
  const reason = udpEngines.find(({ name }) => name === wanted)?.supported();
  const others = ["auto", ...works.map(({ name }) => name)].map((name) => `"${name}"`);
  throw new OperatorError(
    `udp.engine = "${wanted}" needs ${reason}, expected ${others.join(" or ")}`,
    { code: "SWARMTIDE_ENGINE_UNSUPPORTED" },
  );
}
