/**
 * The HTTP servers of the comparison, each with one worker on a port of 127.0.0.1, plain or over TLS, keeping connections
 * or closing each after its answer.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificateKeys } from "../../harness/certificate.ts";
import { buildFloor, debianProgram } from "../../harness/rivals.ts";
import type { BenchServer } from "../../harness/server-run.ts";
import { aquaticServer, swarmtideServer } from "../../harness/servers.ts";
import { infoHashOf, TORRENTS } from "./torrents.ts";

/** How the clients of a table connect, and who they are. */
export interface HttpMode {
  readonly isTls: boolean;
  readonly keepsAlive: boolean;
  readonly tester: "aquatic" | "wrk" | "tls-clients";
  /** With `tls-clients`: whether they come back with the session of their connection before. */
  readonly resumes?: boolean;
}

export const HTTP_SERVERS = [
  "floor",
  "aquatic_http",
  "opentracker",
  "swarmtide",
  "swarmtide-newest",
];

/** What a whole answer of aquatic's mix holds: 50 IPv4 peers and the counts around them. */
const FLOOR_BODY_BYTES = 400;

function floorServer(mode: HttpMode): BenchServer {
  const program = buildFloor("http-epoll");
  return {
    name: "floor",
    version: `C epoll/accept4/recv/send, one fixed answer of ${FLOOR_BODY_BYTES} bytes, cc -O2 -march=native`,
    command: ({ port }) => [
      ...[program, `${port}`, `${FLOOR_BODY_BYTES}`],
      mode.keepsAlive ? "keep-alive" : "close",
    ],
  };
}

/** It speaks neither TLS nor keep-alive; Debian builds it so that it serves listed torrents only. */
function opentrackerServer(): BenchServer {
  const { command, version } = debianProgram("opentracker", ["opentracker", "libowfat0"]);
  return {
    name: "opentracker",
    version: `opentracker ${version} of Debian`,
    command: ({ port, folder }) => {
      const list = Array.from({ length: TORRENTS }, (_, torrent) => infoHashOf(torrent));
      writeFileSync(join(folder, "torrents"), `${list.join("\n")}\n`);
      // Started by root, it makes the folder its root and becomes nobody, who must be able to read it.
      chmodSync(folder, 0o755);
      const access = ["-d", folder, "-w", "/torrents", "-u", "nobody"];
      return [...command, "-i", "127.0.0.1", "-p", `${port}`, ...access];
    },
  };
}

/** The server of that name, its programs installed. */
export function httpServer(name: string, node: string, mode: HttpMode): BenchServer {
  if (name === "floor") return floorServer(mode);
  if (name === "opentracker") return opentrackerServer();
  if (name === "aquatic_http")
    return aquaticServer(
      name,
      ({ port, folder }) => `[network]
address = "127.0.0.1:${port}"
keep_alive = ${mode.keepsAlive}
enable_tls = ${mode.isTls}
${certificateKeys(folder)}
`,
    );
  return swarmtideServer(name, node, "http", ({ port, folder }) => {
    const address = `127.0.0.1:${port}`;
    const listens = mode.isTls
      ? `use_ipv4 = false\ntls_address_ipv4 = "${address}"\n${certificateKeys(folder)}`
      : `address_ipv4 = "${address}"`;
    return `[web]
use_ipv6 = false
${listens}
max_connections_per_address = 65536
max_requests_per_connection = 1000000000
`;
  });
}

/** Which can take part: the floor has no TLS, opentracker neither that nor keep-alive. */
export const serversFor = (mode: HttpMode): string[] =>
  HTTP_SERVERS.filter((name) =>
    name === "floor" ? !mode.isTls : name !== "opentracker" || (!mode.isTls && !mode.keepsAlive),
  );
