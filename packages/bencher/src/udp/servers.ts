/**
 * One adapter per UDP server of the comparison: how it is started on a port of 127.0.0.1 with one worker. The runner
 * treats them all alike; a rival more is one entry more.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  aquaticBuildNote,
  aquaticProgram,
  buildFloor,
  installAquatic,
  outputOf,
} from "../rivals.ts";
import type { BenchServer, ServerSettings } from "../running-server.ts";

const RECEIVE_BUFFER_BYTES = 8_000_000;

/** What aquatic_udp answers on average with the default load once all peers are there (measured: 20.6 to 21.3). */
const FLOOR_PEERS = 21;

/** The built program of this repository; dist/ lies beside ours. */
const swarmtideProgram = fileURLToPath(new URL("../../../tracker/dist/bin.js", import.meta.url));

const configFile = (settings: ServerSettings, text: string): string => {
  const path = join(settings.folder, "config.toml");
  writeFileSync(path, text);
  return path;
};

export function floorServer(): BenchServer {
  const program = buildFloor("udp-echo");
  return {
    name: "floor",
    version: `C recvmmsg/sendmmsg of 64, ${FLOOR_PEERS} invented peers a reply, cc -O2 -march=native`,
    command: ({ port }) => [program, `${port}`, `${FLOOR_PEERS}`, `${RECEIVE_BUFFER_BYTES}`],
  };
}

export function aquaticServer(): BenchServer {
  installAquatic("aquatic_udp");
  const program = aquaticProgram("aquatic_udp");
  return {
    name: "aquatic_udp",
    version: `${outputOf([program, "--version"])}, mio, ${aquaticBuildNote()}`,
    command: (settings) => [
      program,
      "-c",
      configFile(
        settings,
        `socket_workers = 1
[network]
address = "127.0.0.1:${settings.port}"
socket_recv_buffer_size = ${RECEIVE_BUFFER_BYTES}
`,
      ),
    ],
  };
}

/** `node` is the Node.js to run it with; other than the default serves to compare releases of Node.js. */
export function swarmtideServer(node: string = process.execPath): BenchServer {
  if (!existsSync(swarmtideProgram))
    throw new Error(`swarmtide is not built (${swarmtideProgram} is missing): npm run build`);
  return {
    name: "swarmtide",
    version: `${outputOf([node, swarmtideProgram, "-v"])}, Node.js ${outputOf([node, "--version"])}`,
    command: (settings) => [
      node,
      swarmtideProgram,
      "udp",
      "-c",
      configFile(
        settings,
        `[udp]
workers = 1
use_ipv6 = false
address_ipv4 = "127.0.0.1:${settings.port}"
socket_recv_buffer_size = ${RECEIVE_BUFFER_BYTES}
`,
      ),
    ],
  };
}

export const loadTester = (): string => {
  installAquatic("aquatic_udp_load_test");
  return aquaticProgram("aquatic_udp_load_test");
};

export const loadTesterVersion = (): string => outputOf([loadTester(), "--version"]);
