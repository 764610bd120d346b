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
import type { Client } from "./clients.ts";
import { type Actor, DEADLINE_SECONDS, Stage } from "./stage.ts";
import { type HostName, networkProblem, TRACKER_ADDRESSES, TRACKER_NAMES } from "./test-network.ts";
import { makeTorrent } from "./torrent-file.ts";
import { type Protocol, TRANSFERS, type Transfer, titleOf } from "./transfers.ts";

type Family = "ipv4" | "ipv6";

const PORT = 3000;
const TLS_PORT = 3443;
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
    `tls_address_ipv4 = "0.0.0.0:${TLS_PORT}"`,
    `tls_certificate_path = "${made.certificate}"`,
    `tls_private_key_path = "${made.privateKey}"`,
  ];
  writeFileSync(config, lines.join("\n"));
  return { authority: made.authority, config };
}

const isTls = (protocol: Protocol): boolean => protocol.startsWith("https");
const familyOf = (protocol: Protocol): Family => (protocol.endsWith("6") ? "ipv6" : "ipv4");

function announceUrl(protocol: Protocol): string {
  const port = isTls(protocol) ? TLS_PORT : PORT;
  return `${protocol.slice(0, -1)}://${TRACKER_NAMES[familyOf(protocol)]}:${port}/announce`;
}

async function transfer(t: TestContext, { seeder, leecher, first, over }: Transfer) {
  const family = familyOf(over[0]);
  const stage = new Stage();
  t.after(() => stage.close());
  const content = randomBytes(3 * 2 ** 20 + 4321);
  // One torrent with two announce URLs: the info hash is the same, whoever is asked.
  const torrentFor = (protocol: Protocol) =>
    makeTorrent({
      announceUrl: announceUrl(protocol),
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

  const { authority, config } = configure(stage, over.some(isTls));
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

/** They mostly wait: for the timers of the clients. */
describe("a file passes between real clients", { concurrency: 10 }, () => {
  for (const entry of TRANSFERS) {
    const { seeder, leecher, over } = entry;
    const problem =
      network ??
      seeder.problem() ??
      leecher.problem() ??
      (over.some(isTls) ? certificateProblem() : undefined);
    test(titleOf(seeder.name, leecher.name, over), {
      skip: problem !== undefined && !required ? problem : false,
    }, async (t) => {
      assert.equal(problem, undefined);
      await transfer(t, entry);
    });
  }
});
