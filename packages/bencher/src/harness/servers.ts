/** Servers of several comparisons: how they are installed and started, and where they read their configuration. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type AquaticProgram,
  aquaticBuildNote,
  aquaticProgram,
  installAquatic,
  newestNode,
  outputOf,
} from "./rivals.ts";
import type { BenchServer, ServerSettings } from "./server-run.ts";

/** The built program of this repository; dist/ lies beside ours. */
const swarmtideProgram = fileURLToPath(new URL("../../../tracker/dist/bin.js", import.meta.url));

/** Writes a configuration into the round's folder; `name` where a server and a tester have one each. */
export function configFile(folder: string, text: string, name = "config.toml"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

type Config = (settings: ServerSettings) => string;

/** aquatic with that configuration; `note` is what differs from its defaults and matters. */
export function aquaticServer(name: AquaticProgram, config: Config, note?: string): BenchServer {
  installAquatic(name);
  const program = aquaticProgram(name);
  const version = [outputOf([program, "--version"]), note, aquaticBuildNote()];
  return {
    name,
    version: version.filter((part) => part !== undefined).join(", "),
    command: (settings) => [program, "-c", configFile(settings.folder, config(settings))],
  };
}

/** swarmtide on that Node.js, or on the newest where the name says so. */
export function swarmtideServer(
  name: string,
  node: string,
  protocol: "udp" | "http" | "ws",
  config: Config,
  note?: string,
): BenchServer {
  if (!existsSync(swarmtideProgram))
    throw new Error(`swarmtide is not built (${swarmtideProgram} is missing): npm run build`);
  const program = name === "swarmtide-newest" ? newestNode() : node;
  const version = [
    outputOf([program, swarmtideProgram, "-v"]),
    `Node.js ${outputOf([program, "--version"])}`,
    note,
  ];
  return {
    name,
    version: version.filter((part) => part !== undefined).join(", "),
    command: (settings) => [
      ...[program, swarmtideProgram, protocol, "-c"],
      configFile(settings.folder, config(settings)),
    ],
  };
}
