/**
 * Real clients find each other through swarmtide and pass a real file on: the reason a tracker exists.
 *
 * Each test has hosts, a tracker (the built program on its defaults) and a file of its own. One client begins; when the
 * tracker counts it, the other starts; the file must arrive, and the tracker must count two seeders and one download.
 *
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing client a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { certificateProblem, makeCertificates } from "./certificates.ts";
import { aria2, type Client, libtorrent, transmission } from "./clients.ts";
import { type Actor, DEADLINE_SECONDS, Stage } from "./stage.ts";
import { type HostName, networkProblem, TRACKER_ADDRESSES, TRACKER_NAMES } from "./test-network.ts";
import { makeTorrent } from "./torrent-file.ts";

type Family = "ipv4" | "ipv6";
type Protocol = "udp" | "http" | "https";

interface Transfer {
  readonly seeder: Client;
  readonly leecher: Client;
  readonly family: Family;
  /** Who is there first. Only the second one learns of the other at once. */
  readonly first: "seeder" | "leecher";
  /** How each of them announces: the seeder, then the leecher. */
  readonly over: readonly [seeder: Protocol, leecher: Protocol];
}

const UDP = ["udp", "udp"] as const;
const HTTP = ["http", "http"] as const;
const HTTPS = ["https", "https"] as const;
const UDP_HTTP = ["udp", "http"] as const;
const HTTP_UDP = ["http", "udp"] as const;
const UDP_HTTPS = ["udp", "https"] as const;

/**
 * Transmission 3.00 announces over IPv6 by UDP, but reads the 18-byte peers of the answer as three of 6 bytes: it needs
 * a partner that comes to it. aria2 1.36 has no UDP announces over IPv6. By HTTP both can.
 */
const TRANSFERS: readonly Transfer[] = [
  { seeder: transmission, leecher: transmission, family: "ipv4", first: "seeder", over: UDP },
  { seeder: aria2, leecher: aria2, family: "ipv4", first: "seeder", over: UDP },
  { seeder: libtorrent, leecher: libtorrent, family: "ipv4", first: "seeder", over: UDP },
  { seeder: transmission, leecher: aria2, family: "ipv4", first: "seeder", over: UDP },
  { seeder: aria2, leecher: libtorrent, family: "ipv4", first: "seeder", over: UDP },
  { seeder: libtorrent, leecher: libtorrent, family: "ipv6", first: "seeder", over: UDP },
  { seeder: transmission, leecher: libtorrent, family: "ipv6", first: "seeder", over: UDP },
  { seeder: libtorrent, leecher: transmission, family: "ipv6", first: "leecher", over: UDP },
  { seeder: transmission, leecher: transmission, family: "ipv4", first: "seeder", over: HTTP },
  { seeder: aria2, leecher: aria2, family: "ipv4", first: "seeder", over: HTTP },
  { seeder: libtorrent, leecher: libtorrent, family: "ipv4", first: "seeder", over: HTTP },
  { seeder: transmission, leecher: transmission, family: "ipv6", first: "seeder", over: HTTP },
  { seeder: aria2, leecher: aria2, family: "ipv6", first: "seeder", over: HTTP },
  { seeder: libtorrent, leecher: libtorrent, family: "ipv6", first: "seeder", over: HTTP },
  { seeder: transmission, leecher: transmission, family: "ipv4", first: "seeder", over: HTTPS },
  { seeder: aria2, leecher: aria2, family: "ipv4", first: "seeder", over: HTTPS },
  { seeder: libtorrent, leecher: libtorrent, family: "ipv4", first: "seeder", over: HTTPS },
  { seeder: transmission, leecher: aria2, family: "ipv4", first: "seeder", over: UDP_HTTP },
  { seeder: aria2, leecher: libtorrent, family: "ipv4", first: "seeder", over: UDP_HTTP },
  { seeder: libtorrent, leecher: transmission, family: "ipv4", first: "seeder", over: UDP_HTTP },
  { seeder: libtorrent, leecher: transmission, family: "ipv4", first: "seeder", over: HTTP_UDP },
  { seeder: transmission, leecher: libtorrent, family: "ipv4", first: "seeder", over: UDP_HTTPS },
  { seeder: libtorrent, leecher: aria2, family: "ipv4", first: "seeder", over: UDP_HTTPS },
  { seeder: aria2, leecher: transmission, family: "ipv4", first: "seeder", over: UDP_HTTPS },
];

const PORT = 3000;
const PORTS: Readonly<Record<Protocol, number>> = { udp: PORT, http: PORT, https: 3443 };
const FILE_NAME = "film.bin";
const program = fileURLToPath(new URL("../bin.js", import.meta.url));
const awaitScrape = fileURLToPath(new URL("./await-scrape.js", import.meta.url));

/** Waits until the tracker counts at least these; fails with everybody's last words. */
async function counts(
  stage: Stage,
  family: Family,
  infoHashHex: string,
  wanted: { seeders?: number; completed?: number; leechers?: number },
): Promise<void> {
  const { seeders = 0, completed = 0, leechers = 0 } = wanted;
  const scraper = stage.start("scrape", "tracker", [
    ...[process.execPath, awaitScrape, TRACKER_ADDRESSES[family], `${PORT}`, infoHashHex],
    ...[seeders, completed, leechers, DEADLINE_SECONDS].map(String),
  ]);
  const [code] = await once(scraper.child, "close");
  if (code !== 0) stage.fail(`The tracker never counted ${JSON.stringify(wanted)}`);
}

/** Writes the tracker's configuration, the defaults but for HTTPS; clients are told to trust the authority, if any. */
function configure(stage: Stage, hasTls: boolean): { authority?: string; config: string } {
  const { folder } = stage.network;
  const config = join(folder, "config.toml");
  if (!hasTls) {
    writeFileSync(config, "");
    return { config };
  }
  const made = makeCertificates(folder, Object.values(TRACKER_NAMES));
  const lines = [
    "[web]",
    `tls_address_ipv4 = "0.0.0.0:${PORTS.https}"`,
    `tls_certificate_path = "${made.certificate}"`,
    `tls_private_key_path = "${made.privateKey}"`,
  ];
  writeFileSync(config, lines.join("\n"));
  return { authority: made.authority, config };
}

async function transfer(t: TestContext, { seeder, leecher, family, first, over }: Transfer) {
  const stage = new Stage();
  t.after(() => stage.close());
  const content = randomBytes(3 * 2 ** 20 + 4321);
  // One torrent with two announce URLs: the info hash is the same, whoever is asked.
  const torrentFor = (protocol: Protocol) =>
    makeTorrent({
      announceUrl: `${protocol}://${TRACKER_NAMES[family]}:${PORTS[protocol]}/announce`,
      fileName: FILE_NAME,
      content,
      pieceBytes: 2 ** 16,
    });
  const [torrent, leecherTorrent] = [torrentFor(over[0]), torrentFor(over[1])];
  const torrentPaths = {
    seeder: join(stage.network.folder, "seeder.torrent"),
    leecher: join(stage.network.folder, "leecher.torrent"),
  };
  writeFileSync(torrentPaths.seeder, torrent.bytes);
  writeFileSync(torrentPaths.leecher, leecherTorrent.bytes);
  const folderOf = (role: HostName): string => {
    const folder = join(stage.network.folder, role);
    mkdirSync(folder);
    return folder;
  };
  const folders = { seeder: folderOf("seeder"), leecher: folderOf("leecher") };
  writeFileSync(join(folders.seeder, FILE_NAME), content);
  const arrived = join(folders.leecher, FILE_NAME);

  const { authority, config } = configure(stage, over.includes("https"));
  const start = (role: "seeder" | "leecher", client: Client): Actor =>
    stage.start(
      `${role} ${client.name}`,
      role,
      client.command({
        torrentPath: torrentPaths[role],
        downloadFolder: folders[role],
        stateFolder: join(stage.network.folder, `${role}-state`),
        authority,
      }),
    );

  stage.start("swarmtide", "tracker", [process.execPath, program, "-c", config]);
  await counts(stage, family, torrent.infoHashHex, {});
  if (first === "seeder") {
    start("seeder", seeder);
    await counts(stage, family, torrent.infoHashHex, { seeders: 1 });
    start("leecher", leecher);
  } else {
    start("leecher", leecher);
    await counts(stage, family, torrent.infoHashHex, { leechers: 1 });
    start("seeder", seeder);
  }
  await stage.until("the file arrived", () => {
    return existsSync(arrived) && readFileSync(arrived).equals(content);
  });
  await counts(stage, family, torrent.infoHashHex, { seeders: 2, completed: 1 });
}

const network = networkProblem();
const required = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";

describe("a file passes between real clients", { concurrency: 4 }, () => {
  for (const entry of TRANSFERS) {
    const { seeder, leecher, family, over } = entry;
    const [seederOver, leecherOver] = over.map((protocol) => protocol.toUpperCase());
    const problem =
      network ??
      seeder.problem() ??
      leecher.problem() ??
      (over.includes("https") ? certificateProblem() : undefined);
    const version = family === "ipv4" ? "IPv4" : "IPv6";
    const protocols = seederOver === leecherOver ? seederOver : `${seederOver} and ${leecherOver}`;
    test(`${seeder.name} seeds to ${leecher.name} over ${version}, announced over ${protocols}`, {
      skip: problem !== undefined && !required ? problem : false,
    }, async (t) => {
      assert.equal(problem, undefined);
      await transfer(t, entry);
    });
  }
});
