/**
 * One adapter per WebTorrent server of the comparison: how it is started on a port of 127.0.0.1, over TLS, with one
 * worker. The runner treats them all alike; a rival more is one entry more.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeCertificate } from "../certificate.ts";
import {
  aquaticBuildNote,
  aquaticProgram,
  installAquatic,
  installPackage,
  newestNode,
  outputOf,
  rivalsFolder,
} from "../rivals.ts";
import type { BenchServer } from "../running-server.ts";

/** Names of the servers that `wsServerNamed` knows. */
export const WS_SERVERS = [
  "aquatic_ws",
  "swarmtide",
  "swarmtide-newest",
  "bittorrent-tracker",
] as const;

export type WsServerName = (typeof WS_SERVERS)[number];

/** An announce of ten large offers takes some 17 KB in one frame; by default aquatic_ws refuses more than 16. */
const AQUATIC_KEYS = "websocket_max_frame_size = 65536";

/**
 * What swarmtide is told beyond addresses and the certificate, each a key that differs from its default: a tester sends
 * as fast as it can, and each of its few connections joins all 10,000 torrents in time.
 */
const SWARMTIDE_KEYS = `[ws]
max_messages_per_second = 0
max_torrents_per_connection = 20000
`;

const swarmtideProgram = fileURLToPath(new URL("../../../tracker/dist/bin.js", import.meta.url));
const launcher = fileURLToPath(new URL("./bittorrent-tracker.js", import.meta.url));

function aquaticServer(): BenchServer {
  installAquatic("aquatic_ws");
  const program = aquaticProgram("aquatic_ws");
  return {
    name: "aquatic_ws",
    version: `${outputOf([program, "--version"])}, ${AQUATIC_KEYS}, ${aquaticBuildNote()}`,
    command: ({ port, folder }) => {
      const { certificate, privateKey } = makeCertificate(folder);
      const config = join(folder, "config.toml");
      writeFileSync(
        config,
        `[network]
address = "127.0.0.1:${port}"
enable_tls = true
tls_certificate_path = "${certificate}"
tls_private_key_path = "${privateKey}"
${AQUATIC_KEYS}
`,
      );
      return [program, "-c", config];
    },
  };
}

/** `node` is the Node.js to run it with. */
function swarmtideServer(name: WsServerName, node: string): BenchServer {
  if (!existsSync(swarmtideProgram))
    throw new Error(`swarmtide is not built (${swarmtideProgram} is missing): npm run build`);
  return {
    name,
    version: `${outputOf([node, swarmtideProgram, "-v"])}, Node.js ${outputOf([node, "--version"])}, ${SWARMTIDE_KEYS.trim().replace(/\n/g, " ")}`,
    command: ({ port, folder }) => {
      const { certificate, privateKey } = makeCertificate(folder);
      const config = join(folder, "config.toml");
      writeFileSync(
        config,
        `[web]
use_ipv6 = false
address_ipv4 = "127.0.0.1:0"
tls_address_ipv4 = "127.0.0.1:${port}"
tls_certificate_path = "${certificate}"
tls_private_key_path = "${privateKey}"
${SWARMTIDE_KEYS}`,
      );
      return [node, swarmtideProgram, "ws", "-c", config];
    },
  };
}

function bittorrentTrackerServer(): BenchServer {
  const folder = join(rivalsFolder(), "bittorrent-tracker-11");
  const manifest = join(folder, "node_modules", "bittorrent-tracker", "package.json");
  if (!existsSync(manifest)) installPackage(folder, "bittorrent-tracker@11");
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  return {
    name: "bittorrent-tracker",
    version: `bittorrent-tracker ${version} behind node:https, Node.js ${process.version}`,
    command: (settings) => {
      const { certificate, privateKey } = makeCertificate(settings.folder);
      const address = [`${settings.port}`, certificate, privateKey];
      return [process.execPath, launcher, folder, ...address];
    },
  };
}

/** The server of that name, its programs installed. */
export function wsServerNamed(name: WsServerName): BenchServer {
  if (name === "aquatic_ws") return aquaticServer();
  if (name === "bittorrent-tracker") return bittorrentTrackerServer();
  return swarmtideServer(name, name === "swarmtide" ? process.execPath : newestNode());
}
