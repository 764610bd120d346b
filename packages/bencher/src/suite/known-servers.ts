/** Servers that take part under several protocols: swarmtide, aquatic, opentracker, bittorrent-tracker, torrust, chihaya. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Population } from "@swarmtide/load-test";
import { makeCertificate } from "../harness/certificate.ts";
import {
  type AquaticProgram,
  aquaticBuildNote,
  aquaticProgram,
  debianProgram,
  installAquaticWith,
  installCrate,
  installPackage,
  newestNode,
  outputOf,
  rivalsFolder,
} from "../harness/rivals.ts";
import { type Competitor, fromTemplate, type Settings, swarmtideAddress } from "./competitor.ts";

type Serves = Competitor["serves"];
type ProtocolName = "udp" | "http" | "ws";

const everything: Serves = () => true;
const program = fileURLToPath(new URL("../../../tracker/dist/bin.js", import.meta.url));

/**
 * What a row may have besides its template. Loopback is exempt from limits by default; in the row with limits everything is
 * counted and compared, but no limit is met, since one address holds all peers of the load.
 */
const VARIANTS = {
  uring: ['udp.engine="uring"'],
  "limits on": [
    ...["limits.exempt=[]", "limits.min_announce_interval=1"],
    ...["limits.max_peers_per_address=65535", "limits.max_torrents_per_address=10000000"],
    "limits.max_scrapes_per_address=4000",
  ],
} as const;

/** swarmtide on this Node.js, or on the newest; with its defaults, or with one of the variants. */
export function swarmtide(
  protocol: ProtocolName,
  node: "this" | "newest",
  variant?: keyof typeof VARIANTS,
): Competitor {
  const isNewest = node === "newest";
  const file = `swarmtide-${protocol}.toml`;
  return {
    name: ["swarmtide", ...(variant ? [variant] : []), ...(isNewest ? ["newest Node"] : [])].join(
      ", ",
    ),
    role: "swarmtide",
    serves: everything,
    isThere: () => !isNewest || existsSync(newestNodeFolder()),
    find: () => {
      const runtime = isNewest ? newestNode() : process.execPath;
      return {
        version: `${outputOf([runtime, program, "-v"])}, Node.js ${outputOf([runtime, "--version"])}`,
        command: (settings) => {
          const { folder, port, workers } = settings;
          const address = swarmtideAddress(settings);
          const config = fromTemplate(file, folder, { port, workers, address });
          const keys = variant === undefined ? [] : VARIANTS[variant];
          const chosen = keys.flatMap((key) => ["--set", key]);
          return [runtime, program, protocol, "-c", config, ...chosen];
        },
      };
    },
  };
}

const newestNodeFolder = (): string => join(rivalsFolder(), "..", "node-newest", "node_modules");

export function aquatic(name: AquaticProgram, feature?: string): Competitor {
  return {
    name: feature === undefined ? name : `${name}, ${feature}`,
    role: "rival",
    serves: everything,
    isThere: () => existsSync(aquaticProgram(name, feature)),
    find: () => {
      installAquaticWith(name, feature);
      const path = aquaticProgram(name, feature);
      return {
        version: `${outputOf([path, "--version"])}, ${aquaticBuildNote()}`,
        command: ({ folder, port, workers, load }) => {
          if (load.isTls) makeCertificate(folder);
          const values = { port, workers, tls: load.isTls, keep_alive: load.keepsAlive };
          return [path, "-c", fromTemplate(`${name}.toml`, folder, values)];
        },
      };
    },
  };
}

/** Debian builds it so that it serves listed torrents only; it speaks neither TLS nor keep-alive. */
export const opentracker = (serves: Serves = everything): Competitor => ({
  name: "opentracker",
  role: "rival",
  serves,
  isThere: () => existsSync(join(rivalsFolder(), "debian-opentracker", "root")),
  find: () => {
    const { command, version } = debianProgram("opentracker", ["opentracker", "libowfat0"]);
    return {
      version: `opentracker ${version} of Debian`,
      command: ({ folder, port, load }) => {
        const { infoHashes } = new Population(load.torrents, 1);
        const hex = Buffer.from(infoHashes.buffer).toString("hex");
        writeFileSync(join(folder, "torrents"), hex.replace(/(.{40})/g, "$1\n"));
        // Started by root, it makes the folder its root and becomes nobody, who must be able to read it.
        chmodSync(folder, 0o755);
        return [...command, "-f", fromTemplate("opentracker.conf", folder, { port })];
      },
    };
  },
});

const trackerProgram = fileURLToPath(new URL("./bittorrent-tracker-program.js", import.meta.url));

export const bittorrentTracker = (protocol: ProtocolName): Competitor => {
  const folder = join(rivalsFolder(), "bittorrent-tracker-11");
  const manifest = join(folder, "node_modules", "bittorrent-tracker", "package.json");
  return {
    name: "bittorrent-tracker",
    role: "rival",
    serves: everything,
    isThere: () => existsSync(manifest),
    find: () => {
      if (!existsSync(manifest)) installPackage(folder, "bittorrent-tracker@11");
      const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
      return {
        version: `bittorrent-tracker ${version}, Node.js ${process.version}`,
        command: (settings) => {
          const options = fromTemplate("bittorrent-tracker.json", settings.folder, {});
          const tls = settings.load.isTls ? makeCertificate(settings.folder) : undefined;
          return [
            ...[process.execPath, trackerProgram, folder, protocol, `${settings.port}`, options],
            ...(tls ? [tls.certificate, tls.privateKey] : []),
          ];
        },
      };
    },
  };
};

const TORRUST_VERSION = "3.0.0";

/** With the lock file that was published with it: a newer release of a dependency does not fit. */
export const torrust = (kind: "udp" | "http", serves: Serves = everything): Competitor => {
  const root = join(rivalsFolder(), `torrust-${TORRUST_VERSION}`);
  const path = join(root, "bin", "torrust-tracker");
  return {
    name: "torrust-tracker",
    role: "rival",
    serves,
    isThere: () => existsSync(path),
    find: () => {
      if (!existsSync(path)) installCrate("torrust-tracker", TORRUST_VERSION, root, ["--locked"]);
      return {
        version: `torrust-tracker ${TORRUST_VERSION}, ${aquaticBuildNote()}`,
        command: ({ folder, port }) => {
          const config = fromTemplate("torrust-tracker.toml", folder, { port, kind });
          return ["env", `TORRUST_TRACKER_CONFIG_TOML_PATH=${config}`, path];
        },
      };
    },
  };
};

const CHIHAYA = { module: "github.com/chihaya/chihaya", version: "v2.0.0-rc.2+incompatible" };

/** The newest release that the Go module proxy has; it names no dependencies, so the newest of each is taken. */
export const chihaya = (serves: Serves = everything): Competitor => {
  const folder = join(rivalsFolder(), `chihaya-${CHIHAYA.version.split("+")[0]}`);
  const path = join(folder, "chihaya");
  return {
    name: "chihaya",
    role: "rival",
    serves,
    isThere: () => existsSync(path),
    find: () => {
      if (!existsSync(path)) buildChihaya(folder, path);
      return {
        version: `chihaya ${CHIHAYA.version}`,
        command: (settings: Settings) => {
          const { folder: own, port } = settings;
          return [path, "--config", fromTemplate("chihaya.yaml", own, { port })];
        },
      };
    },
  };
};

function buildChihaya(folder: string, path: string): void {
  mkdirSync(folder, { recursive: true });
  const { module, version } = CHIHAYA;
  const text = `module rival\n\ngo 1.22\n\nrequire ${module} ${version}\n`;
  writeFileSync(join(folder, "go.mod"), text);
  const flags = ["-C", folder, "build", "-mod=mod", "-o", path, `${module}/cmd/chihaya`];
  const { error, status, stderr } = spawnSync("go", flags, { encoding: "utf8" });
  if (error) throw new Error(`go does not start: ${error.message}`);
  if (status === 0) return;
  const lacking = [...stderr.matchAll(/module (\S+): reading/g)].map(([, name]) => name);
  throw new Error(
    lacking.length > 0
      ? `the Go module proxy does not have what ${version} needs: ${lacking.join(", ")}`
      : `go build failed: ${stderr.trim().split("\n").at(-1)}`,
  );
}

/** A server that no registry here has. */
export const missing = (name: string, reason: string): Competitor => ({
  name,
  role: "rival",
  serves: everything,
  isThere: () => false,
  find: () => {
    throw new Error(reason);
  },
});
