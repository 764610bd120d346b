/**
 * The BitTorrent clients of the transfer tests, one adapter each: is it installed, and how is it started so that it
 * seeds or downloads a torrent with the torrent's tracker as its only source of peers.
 *
 * An adapter's command does both jobs: with the whole file in the folder the client seeds it, with none it downloads.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface ClientJob {
  readonly torrentPath: string;
  /** Holds the file, or will. */
  readonly downloadFolder: string;
  /** The client's own: its settings and state. */
  readonly stateFolder: string;
  /** A certificate authority to trust, in PEM, beside what `SSL_CERT_FILE` and `CURL_CA_BUNDLE` say. */
  readonly authority: string | undefined;
}

export interface Client {
  readonly name: string;
  /** Why it cannot run here and how to get it, or undefined. */
  problem(): string | undefined;
  /** Writes what it needs into the state folder and returns its command line. */
  command(job: ClientJob): readonly string[];
}

const runs = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

/**
 * Without uTP: with it on, Transmission 3.00 never reaches a seeder that is aria2 (which has none) or libtorrent. Its
 * tracker URLs need a name, an IPv6 address in brackets it cannot read.
 */
export const transmission: Client = {
  name: "Transmission",
  problem: () =>
    runs("transmission-cli", "--version")
      ? undefined
      : "transmission-cli is missing (Debian: apt-get install transmission-cli)",
  command: ({ torrentPath, downloadFolder, stateFolder }) => {
    mkdirSync(stateFolder, { recursive: true });
    const settings = {
      "dht-enabled": false,
      "lpd-enabled": false,
      "pex-enabled": false,
      "port-forwarding-enabled": false,
      "rpc-enabled": false,
      "utp-enabled": false,
    };
    writeFileSync(join(stateFolder, "settings.json"), JSON.stringify(settings));
    return [
      ...["transmission-cli", "--config-dir", stateFolder],
      ...["--download-dir", downloadFolder, torrentPath],
    ];
  },
};

/**
 * aria2 1.36 sends UDP announces through the IPv4 socket of its DHT, so that must be open ("udp is not supported yet"
 * otherwise); it keeps private torrents out of the DHT. Over IPv6 it cannot announce by UDP at all. Its own resolver
 * does not look for IPv6 addresses in the hosts file, so the system's is used.
 */
export const aria2: Client = {
  name: "aria2",
  problem: () =>
    runs("aria2c", "--version") ? undefined : "aria2c is missing (Debian: apt-get install aria2)",
  command: ({ torrentPath, downloadFolder, stateFolder, authority }) => {
    mkdirSync(stateFolder, { recursive: true });
    return [
      ...[
        "aria2c",
        "--no-conf=true",
        "--async-dns=false",
        "--enable-dht=true",
        "--enable-dht6=false",
      ],
      ...[`--dht-file-path=${join(stateFolder, "dht.dat")}`, "--enable-peer-exchange=false"],
      ...["--bt-enable-lpd=false", "--check-integrity=true", "--seed-ratio=0.0"],
      ...(authority === undefined ? [] : [`--ca-certificate=${authority}`]),
      ...["--summary-interval=0", `--dir=${downloadFolder}`, torrentPath],
    ];
  },
};

const libtorrentScript = fileURLToPath(
  new URL("../../src/transfer/libtorrent-client.py", import.meta.url),
);

/** A Python that has libtorrent: the one `npm run clients:install` makes, else the system's. */
function libtorrentPython(): string | undefined {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return [join(cache, "swarmtide", "clients", "venv", "bin", "python"), "python3"].find(
    (python) =>
      (python === "python3" || existsSync(python)) && runs(python, "-c", "import libtorrent"),
  );
}

export const libtorrent: Client = {
  name: "libtorrent",
  problem: () =>
    libtorrentPython()
      ? undefined
      : "libtorrent for Python is missing (npm run clients:install, or pip install libtorrent)",
  command: ({ torrentPath, downloadFolder }) => [
    ...[libtorrentPython() ?? "python3", libtorrentScript, torrentPath, downloadFolder],
  ],
};

const QBITTORRENT_SETTINGS = `[LegalNotice]
Accepted=true

[BitTorrent]
Session\\DHTEnabled=false
Session\\LSDEnabled=false
Session\\PeXEnabled=false
Session\\Port=6881
Session\\AddExtensionToIncompleteFiles=false

[Network]
PortForwardingEnabled=false
`;

/** Built on the libtorrent of Debian, which is another version than the one above. */
export const qBittorrent: Client = {
  name: "qBittorrent",
  problem: () =>
    runs("qbittorrent-nox", "--version")
      ? undefined
      : "qbittorrent-nox is missing (Debian: apt-get install qbittorrent-nox)",
  command: ({ torrentPath, downloadFolder, stateFolder }) => {
    const settings = join(stateFolder, "qBittorrent", "config");
    mkdirSync(settings, { recursive: true });
    writeFileSync(join(settings, "qBittorrent.conf"), QBITTORRENT_SETTINGS);
    return [
      ...["qbittorrent-nox", `--profile=${stateFolder}`, `--save-path=${downloadFolder}`],
      ...["--add-paused=false", "--skip-dialog=true", torrentPath],
    ];
  },
};

/** Without a terminal it runs as a daemon that stays in the foreground. */
export const rtorrent: Client = {
  name: "rtorrent",
  problem: () =>
    runs("rtorrent", "-h") ? undefined : "rtorrent is missing (Debian: apt-get install rtorrent)",
  command: ({ torrentPath, downloadFolder, stateFolder, authority }) => {
    mkdirSync(stateFolder, { recursive: true });
    const settings = join(stateFolder, "rtorrent.rc");
    const lines = [
      "system.daemon.set = true",
      `directory.default.set = ${downloadFolder}`,
      "network.port_range.set = 6881-6881",
      "dht.mode.set = disable",
      "protocol.pex.set = no",
      "pieces.hash.on_completion.set = no",
      "schedule2 = wake, 1, 1, ((directory.default))",
      ...(authority === undefined ? [] : [`network.http.cacert.set = ${authority}`]),
      `load.start = ${torrentPath}`,
    ];
    writeFileSync(settings, `${lines.join("\n")}\n`);
    return ["rtorrent", "-n", "-o", `import=${settings}`];
  },
};
