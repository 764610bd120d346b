/**
 * One adapter per HTTP server of the comparison: how it is started on a port of 127.0.0.1 with one worker, plain or over
 * TLS, keeping connections or closing each after its answer. The runner treats them all alike.
 */
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCertificate } from "../certificate.ts";
import {
  aquaticBuildNote,
  aquaticProgram,
  buildFloor,
  debianProgram,
  installAquatic,
  newestNode,
  outputOf,
} from "../rivals.ts";
import type { BenchServer, ServerSettings } from "../running-server.ts";
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
] as const;

export type HttpServerName = (typeof HTTP_SERVERS)[number];

/** What a whole answer of aquatic's mix holds: 50 IPv4 peers and the counts around them. */
const FLOOR_BODY_BYTES = 400;

const swarmtideProgram = fileURLToPath(new URL("../../../tracker/dist/bin.js", import.meta.url));

const configFile = (settings: ServerSettings, text: string): string => {
  const path = join(settings.folder, "config.toml");
  writeFileSync(path, text);
  return path;
};

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

function aquaticServer(mode: HttpMode): BenchServer {
  installAquatic("aquatic_http");
  const program = aquaticProgram("aquatic_http");
  return {
    name: "aquatic_http",
    version: `${outputOf([program, "--version"])}, ${aquaticBuildNote()}`,
    command: (settings) => {
      const { certificate, privateKey } = makeCertificate(settings.folder);
      return [
        program,
        "-c",
        configFile(
          settings,
          `[network]
address = "127.0.0.1:${settings.port}"
keep_alive = ${mode.keepsAlive}
enable_tls = ${mode.isTls}
tls_certificate_path = "${certificate}"
tls_private_key_path = "${privateKey}"
`,
        ),
      ];
    },
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

function swarmtideServer(name: HttpServerName, node: string, mode: HttpMode): BenchServer {
  if (!existsSync(swarmtideProgram))
    throw new Error(`swarmtide is not built (${swarmtideProgram} is missing): npm run build`);
  return {
    name,
    version: `${outputOf([node, swarmtideProgram, "-v"])}, Node.js ${outputOf([node, "--version"])}`,
    command: (settings) => {
      const address = `127.0.0.1:${settings.port}`;
      const { certificate, privateKey } = makeCertificate(settings.folder);
      const listens = mode.isTls
        ? `use_ipv4 = false
tls_address_ipv4 = "${address}"
tls_certificate_path = "${certificate}"
tls_private_key_path = "${privateKey}"`
        : `address_ipv4 = "${address}"`;
      const text = `[web]
use_ipv6 = false
${listens}
max_connections_per_address = 65536
max_requests_per_connection = 1000000000
`;
      return [node, swarmtideProgram, "http", "-c", configFile(settings, text)];
    },
  };
}

/** The server of that name, its programs installed. */
export function httpServerNamed(name: HttpServerName, mode: HttpMode): BenchServer {
  if (name === "floor") return floorServer(mode);
  if (name === "aquatic_http") return aquaticServer(mode);
  if (name === "opentracker") return opentrackerServer();
  return swarmtideServer(name, name === "swarmtide" ? process.execPath : newestNode(), mode);
}

/** Whether a server can take part: the floor has no TLS, opentracker neither that nor keep-alive. */
export const canServe = (name: HttpServerName, mode: HttpMode): boolean =>
  name === "floor" ? !mode.isTls : name !== "opentracker" || (!mode.isTls && !mode.keepsAlive);
