/**
 * WebTorrent peers that are not browsers: two Node processes on two hosts, or libtorrent, share a file through swarmtide
 * over WebRTC data channels.
 *
 * `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing client a failure instead of a skipped test.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { certificateProblem } from "./certificates.ts";
import { libtorrent } from "./clients.ts";
import type { Actor } from "./stage.ts";
import { networkProblem } from "./test-network.ts";
import { makeTorrent } from "./torrent-file.ts";
import { titleOf } from "./transfers.ts";
import { webClientProblem } from "./web-clients.ts";
import { type TrackerSettings, type WebProtocol, WebStage, WebTracker } from "./web-stage.ts";

type Role = "seeder" | "leecher";

interface Sharing extends TrackerSettings {
  readonly protocol: WebProtocol;
}

const SHARINGS: readonly Sharing[] = [
  { protocol: "ws", workers: 1, engine: "epoll" },
  { protocol: "ws", workers: 2, engine: "epoll" },
  { protocol: "ws", workers: 2, engine: "net" },
  { protocol: "wss", workers: 1, engine: "epoll" },
  { protocol: "wss", workers: 2, engine: "epoll" },
];

const FILE_NAME = "film.bin";
const problem =
  networkProblem() ?? certificateProblem() ?? webClientProblem("webtorrent", "@roamhq/wrtc");
const required = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";

async function share(t: TestContext, { protocol, ...settings }: Sharing): Promise<void> {
  const stage = new WebStage();
  t.after(() => stage.close());
  const { folder } = stage.network;
  const tracker = await WebTracker.start(stage, settings);
  const url = tracker.url(protocol);
  const content = randomBytes(2 ** 20 + 4321);
  const file = join(folder, FILE_NAME);
  writeFileSync(file, content);
  const link = await stage.startPeer("seeder", url, "seed", file).message<string>();
  await tracker.connections(1);

  let leecher: Actor | undefined;
  let arrived: Promise<readonly string[]> | undefined;
  let download = "";
  await tracker.connectApart(
    async () => {
      download = mkdtempSync(join(folder, "download-"));
      leecher = stage.startPeer("leecher", url, "fetch", link, download);
      arrived = leecher.message<readonly string[]>();
      arrived.catch(() => {}); // one that is with the wrong worker is stopped before it is done
    },
    async () => leecher?.stop(),
  );
  assert.deepEqual(new Set(await arrived), new Set(["webrtc"]));
  assert.ok(readFileSync(join(download, FILE_NAME)).equals(content));
  await tracker.hasConnected();
}

/** libtorrent speaks WebRTC too; here it seeds to another, or to a Node process. */
async function shareFromLibtorrent(
  t: TestContext,
  protocol: WebProtocol,
  leecher: "libtorrent" | "Node",
): Promise<void> {
  const stage = new WebStage();
  t.after(() => stage.close());
  const tracker = await WebTracker.start(stage, { workers: 2, engine: "epoll" });
  const content = randomBytes(2 ** 20 + 4321);
  const url = tracker.url(protocol);
  const torrent = makeTorrent({
    announceUrl: url,
    fileName: FILE_NAME,
    content,
    pieceBytes: 2 ** 16,
  });
  const { folder } = stage.network;
  const torrentPath = join(folder, "film.torrent");
  writeFileSync(torrentPath, torrent.bytes);
  const start = (role: Role) => {
    const downloadFolder = join(folder, role);
    mkdirSync(downloadFolder, { recursive: true });
    const job = { torrentPath, downloadFolder, stateFolder: folder, authority: undefined };
    return stage.start(`${role} libtorrent`, role, libtorrent.command(job));
  };
  mkdirSync(join(folder, "seeder"));
  writeFileSync(join(folder, "seeder", FILE_NAME), content);
  start("seeder");
  await tracker.connections(1);
  const arrived = join(folder, "leecher", FILE_NAME);
  if (leecher === "libtorrent") start("leecher");
  else {
    const peer = stage.startPeer("leecher", url, "fetch", torrentPath, join(folder, "leecher"));
    assert.deepEqual(new Set(await peer.message<readonly string[]>()), new Set(["webrtc"]));
  }
  await stage.until("the file arrived", () => {
    return existsSync(arrived) && readFileSync(arrived).equals(content);
  });
  await tracker.bothSeed();
}

describe("Node processes with WebRTC", () => {
  for (const sharing of SHARINGS) {
    const { protocol, workers, engine } = sharing;
    const settings = `${workers === 1 ? "1 worker" : "2 workers"}, engine ${engine}`;
    const title = `${titleOf("Node", "Node", [protocol, protocol])}, ${settings}`;
    const skip = problem !== undefined && !required ? problem : false;
    test(title, { timeout: 120_000, skip }, async (t) => {
      assert.equal(problem, undefined);
      await share(t, sharing);
    });
  }

  for (const [protocol, leecher] of [
    ["ws", "libtorrent"],
    ["wss", "libtorrent"],
    ["ws", "Node"],
  ] as const) {
    const missing = problem ?? libtorrent.problem();
    const skip = missing !== undefined && !required ? missing : false;
    const title = titleOf("libtorrent", leecher, [protocol, protocol]);
    test(title, { timeout: 120_000, skip }, async (t) => {
      assert.equal(missing, undefined);
      await shareFromLibtorrent(t, protocol, leecher);
    });
  }
});
