import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import * as zlib from "node:zlib";
import {
  ANNOUNCE_COMPLETED,
  ANNOUNCE_SEEDER,
  Announce,
  createSwarmStore,
  portInPacketOrder,
  type SwarmStore,
} from "@swarmtide/swarm";
import { canCompress } from "./export-file.ts";
import { PeersPerTorrentCells } from "./peers-per-torrent-cells.ts";
import { TorrentPass, type TorrentPassSettings } from "./torrent-pass.ts";

const infoHash = new Int32Array(5);
const address = new Int32Array(4);
const announce = new Announce(infoHash, address, new Uint16Array(0));

/** Announces peer `peer` of torrent `torrent`. */
function enter(
  store: SwarmStore,
  torrent: number,
  peer: number,
  family: 4 | 6,
  flags: number,
): void {
  infoHash.fill(torrent);
  address.fill(peer);
  announce.family = family;
  announce.port = portInPacketOrder(1000 + (peer % 60_000));
  announce.flags = flags;
  store.announce(announce);
}

const hashOf = (torrent: number): string =>
  Buffer.from(new Int32Array(5).fill(torrent).buffer).toString("hex");

/** Torrent i has i leechers of IPv4, i % 3 seeders of IPv6; every fifth has a completed download. */
function fill(store: SwarmStore, torrents: number): { all: string[]; byFamily: string[] } {
  const all: string[] = [];
  const byFamily: string[] = [];
  for (let torrent = 1; torrent <= torrents; torrent++) {
    const seeders = torrent % 3;
    const completed = torrent % 5 === 0 ? 1 : 0;
    for (let peer = 0; peer < torrent; peer++) enter(store, torrent, peer, 4, 0);
    for (let peer = 0; peer < seeders; peer++) enter(store, torrent, peer, 6, ANNOUNCE_SEEDER);
    if (completed === 1) enter(store, torrent, 0, 4, ANNOUNCE_SEEDER | ANNOUNCE_COMPLETED);
    const hash = hashOf(torrent);
    all.push(`${hash}:${seeders + completed}:${torrent - completed}:${completed}`);
    byFamily.push(`4 ${hash} ${completed} ${torrent - completed}`);
    if (seeders > 0) byFamily.push(`6 ${hash} ${seeders} 0`);
  }
  return { all: all.sort(), byFamily: byFamily.sort() };
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-export-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const settingsIn = (
  folder: string,
  more: Partial<TorrentPassSettings> = {},
): TorrentPassSettings => ({
  peersPerTorrent: undefined,
  exportPath: join(folder, "all"),
  exportByFamilyPath: join(folder, "by-family"),
  compression: "none",
  exportEvery: 1,
  ...more,
});

const linesOf = (text: string): string[] => text.trimEnd().split("\n").sort();

test("the files list every torrent as it stands, large swarms and both families included", (t) => {
  const folder = folderOf(t);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const { all, byFamily } = fill(store, 300);
  const result = new TorrentPass(settingsIn(folder)).run(store, () => true);
  assert.deepEqual(linesOf(readFileSync(join(folder, "all"), "latin1")), all);
  assert.deepEqual(linesOf(readFileSync(join(folder, "by-family"), "latin1")), byFamily);
  assert.deepEqual(result, {
    torrents: 300,
    files: [join(folder, "all"), join(folder, "by-family")],
  });
  assert.deepEqual(readdirSync(folder).sort(), ["all", "by-family"]);
});

test("compressed files hold the same lines", (t) => {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const { all } = fill(store, 100);
  for (const compression of ["gzip", "zstd"] as const) {
    if (!canCompress(compression)) continue;
    const folder = folderOf(t);
    new TorrentPass(settingsIn(folder, { compression })).run(store, () => true);
    const bytes = readFileSync(join(folder, "all"));
    const decompress = Reflect.get(
      zlib,
      compression === "gzip" ? "gunzipSync" : "zstdDecompressSync",
    ) as (bytes: Buffer) => Buffer;
    assert.deepEqual(linesOf(decompress(bytes).toString("latin1")), all);
  }
});

test("more lines than one part holds are one file to a reader of gzip", (t) => {
  const folder = folderOf(t);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 27 });
  for (let torrent = 1; torrent <= 50_000; torrent++) enter(store, torrent, 1, 4, 0);
  new TorrentPass(settingsIn(folder, { compression: "gzip" })).run(store, () => true);
  const lines = linesOf(zlib.gunzipSync(readFileSync(join(folder, "all"))).toString("latin1"));
  assert.equal(lines.length, 50_000);
  assert.equal(new Set(lines).size, 50_000);
});

test("a pass that is given up leaves the old files and nothing beside them", (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, "all"), "old\n");
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  fill(store, 100);
  let steps = 0;
  const result = new TorrentPass(settingsIn(folder)).run(store, () => ++steps < 20);
  assert.equal(result, undefined);
  assert.deepEqual(readdirSync(folder), ["all"]);
  assert.equal(readFileSync(join(folder, "all"), "latin1"), "old\n");
});

test("a file that cannot be written throws, and the other stays as it was", (t) => {
  const folder = folderOf(t);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const pass = new TorrentPass(
    settingsIn(folder, { exportByFamilyPath: join(folder, "nowhere", "by-family") }),
  );
  assert.throws(() => pass.run(store, () => true), { code: "ENOENT" });
  assert.deepEqual(readdirSync(folder), []);
});

test("files are written by every so many passes, torrents counted by each", (t) => {
  const folder = folderOf(t);
  const store = createSwarmStore({ memoryBytesMax: 2 ** 26 });
  const cells = PeersPerTorrentCells.create();
  const pass = new TorrentPass(
    settingsIn(folder, { exportEvery: 3, peersPerTorrent: cells.memory }),
  );
  assert.equal(cells.read(Date.now()), null);
  const written = [1, 2, 3, 4].map(() => pass.run(store, () => true)?.files.length);
  assert.deepEqual(written, [2, 0, 0, 2]);
  for (let peer = 0; peer < 5; peer++) enter(store, 1, peer, 4, 0);
  enter(store, 2, 1, 6, 0);
  for (let peer = 0; peer < 70; peer++) enter(store, 3, peer, peer % 2 === 0 ? 4 : 6, 0);
  pass.run(store, () => true);
  const read = cells.read(Date.now() + 5000);
  assert.equal(read?.torrents, 3);
  assert.equal(read?.largestPeers, 70);
  assert.ok((read?.ageSeconds ?? 0) >= 4);
  assert.deepEqual(
    read?.buckets.filter(({ torrents }) => torrents > 0),
    [
      { from: 1, to: 1, torrents: 1 },
      { from: 5, to: 8, torrents: 1 },
      { from: 65, to: 128, torrents: 1 },
    ],
  );
  assert.equal(read?.buckets.length, 8);
});
