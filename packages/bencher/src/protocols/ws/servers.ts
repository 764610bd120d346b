/** The WebTorrent servers of the comparison, each on a port of 127.0.0.1, over TLS, with one worker. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { certificateKeys, makeCertificate } from "../../harness/certificate.ts";
import { installPackage, rivalsFolder } from "../../harness/rivals.ts";
import type { BenchServer } from "../../harness/server-run.ts";
import { aquaticServer, configFile, swarmtideServer } from "../../harness/servers.ts";

export const WS_SERVERS = ["aquatic_ws", "swarmtide", "swarmtide-newest", "bittorrent-tracker"];

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

const trackerProgram = fileURLToPath(
  new URL("../../suite/bittorrent-tracker-program.js", import.meta.url),
);

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
      const options = configFile(settings.folder, '{ "stats": false }', "options.json");
      const address = ["ws", `${settings.port}`, options, certificate, privateKey];
      return [process.execPath, trackerProgram, folder, ...address];
    },
  };
}

/** The server of that name, its programs installed. */
export function wsServer(name: string, node: string): BenchServer {
  if (name === "bittorrent-tracker") return bittorrentTrackerServer();
  if (name === "aquatic_ws")
    return aquaticServer(
      name,
      ({ port, folder }) => `[network]
address = "127.0.0.1:${port}"
enable_tls = true
${certificateKeys(folder)}
${AQUATIC_KEYS}
`,
      AQUATIC_KEYS,
    );
  return swarmtideServer(
    name,
    node,
    "ws",
    ({ port, folder }) => `[web]
use_ipv6 = false
address_ipv4 = "127.0.0.1:0"
tls_address_ipv4 = "127.0.0.1:${port}"
${certificateKeys(folder)}
${SWARMTIDE_KEYS}`,
    SWARMTIDE_KEYS.trim().replace(/\n/g, " "),
  );
}
