/**
 * One adapter per WebTorrent server of the comparison: how it is started on a port of 127.0.0.1, over TLS, with one
 * worker. The runner treats them all alike; a rival more is one entry more.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { aquaticBuildNote, aquaticProgram, installAquatic, rivalsFolder } from "./rivals.ts";

/** What every server is told, so that they differ in nothing but themselves. */
export interface WsServerSettings {
  readonly port: number;
  /** A folder of this round's own, for the config file. */
  readonly folder: string;
  /** Certificate and private key in PEM. */
  readonly certificate: string;
  readonly privateKey: string;
}

export interface WsServer {
  readonly name: string;
  /** Its version and how it was built: one line. */
  readonly version: string;
  /** Writes the config and returns the command that runs the server in the foreground. */
  command(settings: WsServerSettings): readonly string[];
}

/** Names of the servers that `wsServerNamed` knows. */
export const WS_SERVERS = [
  "aquatic_ws",
  "swarmtide",
  "swarmtide-newest",
  "bittorrent-tracker",
] as const;

export type WsServerName = (typeof WS_SERVERS)[number];

export const isWsServerName = (name: string): name is WsServerName =>
  (WS_SERVERS as readonly string[]).includes(name);

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

const swarmtideProgram = fileURLToPath(new URL("../../tracker/dist/bin.js", import.meta.url));
const launcher = fileURLToPath(new URL("./floor/ws-bittorrent-tracker.js", import.meta.url));

const outputOf = (command: readonly string[]): string =>
  spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8" }).stdout?.trim() ||
  "unknown version";

/** Installs an npm package into a folder beside the repository's dependencies; no install script of it runs. */
function installPackage(folder: string, wanted: string): void {
  console.error(`Installing ${wanted} into ${folder}`);
  execFileSync(
    "npm",
    [
      ...["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund"],
      ...["--ignore-scripts", wanted],
    ],
    { stdio: ["ignore", 2, 2] },
  );
}

/** The newest release of Node.js, from npm; installed where it is missing. */
export function newestNode(): string {
  const folder = join(dirname(rivalsFolder()), "node-newest");
  const program = join(folder, "node_modules", `node-linux-${process.arch}`, "bin", "node");
  if (!existsSync(program)) installPackage(folder, `node-linux-${process.arch}@latest`);
  return program;
}

function aquaticServer(): WsServer {
  installAquatic("aquatic_ws");
  const program = aquaticProgram("aquatic_ws");
  return {
    name: "aquatic_ws",
    version: `${outputOf([program, "--version"])}, ${AQUATIC_KEYS}, ${aquaticBuildNote()}`,
    command: ({ port, folder, certificate, privateKey }) => {
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
function swarmtideServer(name: WsServerName, node: string): WsServer {
  if (!existsSync(swarmtideProgram))
    throw new Error(`swarmtide is not built (${swarmtideProgram} is missing): npm run build`);
  return {
    name,
    version: `${outputOf([node, swarmtideProgram, "-v"])}, Node.js ${outputOf([node, "--version"])}, ${SWARMTIDE_KEYS.trim().replace(/\n/g, " ")}`,
    command: ({ port, folder, certificate, privateKey }) => {
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

function bittorrentTrackerServer(): WsServer {
  const folder = join(rivalsFolder(), "bittorrent-tracker-11");
  const manifest = join(folder, "node_modules", "bittorrent-tracker", "package.json");
  if (!existsSync(manifest)) installPackage(folder, "bittorrent-tracker@11");
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  return {
    name: "bittorrent-tracker",
    version: `bittorrent-tracker ${version} behind node:https, Node.js ${process.version}`,
    command: ({ port, certificate, privateKey }) => [
      ...[process.execPath, launcher, folder],
      ...[`${port}`, certificate, privateKey],
    ],
  };
}

/** The server of that name, its programs installed. */
export function wsServerNamed(name: WsServerName): WsServer {
  if (name === "aquatic_ws") return aquaticServer();
  if (name === "bittorrent-tracker") return bittorrentTrackerServer();
  return swarmtideServer(name, name === "swarmtide" ? process.execPath : newestNode());
}

/** Makes a self-signed certificate with the openssl program; every tester of the benchmark takes any. */
export function makeCertificate(folder: string): { certificate: string; privateKey: string } {
  const certificate = join(folder, "certificate.pem");
  const privateKey = join(folder, "key.pem");
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "1", "-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:example.com"],
      ...["-keyout", privateKey, "-out", certificate],
    ],
    { stdio: "pipe" },
  );
  return { certificate, privateKey };
}
