/** The UDP servers of the comparison, each with one worker on a port of 127.0.0.1. */
import { aquaticProgram, buildFloor, installAquatic, outputOf } from "../../harness/rivals.ts";
import type { BenchServer } from "../../harness/server-run.ts";
import { aquaticServer, swarmtideServer } from "../../harness/servers.ts";

export const UDP_SERVERS = ["floor", "aquatic", "swarmtide"];

const RECEIVE_BUFFER_BYTES = 8_000_000;

/** What aquatic_udp answers on average with the default load once all peers are there (measured: 20.6 to 21.3). */
const FLOOR_PEERS = 21;

function floorServer(): BenchServer {
  const program = buildFloor("udp-echo");
  return {
    name: "floor",
    version: `C recvmmsg/sendmmsg of 64, ${FLOOR_PEERS} invented peers a reply, cc -O2 -march=native`,
    command: ({ port }) => [program, `${port}`, `${FLOOR_PEERS}`, `${RECEIVE_BUFFER_BYTES}`],
  };
}

/** The server of that name, its programs installed. */
export function udpServer(name: string, node: string): BenchServer {
  if (name === "floor") return floorServer();
  if (name === "aquatic")
    return aquaticServer(
      "aquatic_udp",
      ({ port }) => `socket_workers = 1
[network]
address = "127.0.0.1:${port}"
socket_recv_buffer_size = ${RECEIVE_BUFFER_BYTES}
`,
      "mio",
    );
  return swarmtideServer(
    name,
    node,
    "udp",
    ({ port }) => `[udp]
workers = 1
use_ipv6 = false
address_ipv4 = "127.0.0.1:${port}"
socket_recv_buffer_size = ${RECEIVE_BUFFER_BYTES}
`,
  );
}

export const loadTester = (): string => {
  installAquatic("aquatic_udp_load_test");
  return aquaticProgram("aquatic_udp_load_test");
};

export const loadTesterVersion = (): string => outputOf([loadTester(), "--version"]);
