/**
 * A swarm store of any size, in a snapshot that a tracker restores at its start, and questions whether all of it is still there.
 * Called by large-proof.ts. Torrents have numbers, and so have their peers: nothing is kept beside the store.
 */
import { writeSnapshotFile } from "@swarmtide/snapshot";
import { ANNOUNCE_SEEDER, Announce, createSwarmStore } from "@swarmtide/swarm";
import { HttpClient, httpGet } from "@swarmtide/test-kit";

const MIB = 2 ** 20;
/** A peer takes 43 bytes of a store like this one (docs/benchmarks); three times that is reserved. */
const STORE_BYTES_PER_PEER = 128;
/** One torrent in so many has so many peers; the others have one. */
const SIZES: readonly (readonly [oneIn: number, peers: number])[] = [
  [50_000, 20_000],
  [1_000, 100],
  [5, 5],
];
const SCRAPED_AT_ONCE = 50;

export interface ManyPeers {
  readonly torrents: number;
  readonly peers: number;
}

const peersOf = (torrent: number): number =>
  SIZES.find(([oneIn]) => torrent % oneIn === oneIn - 1)?.[1] ?? 1;

/** The first of three peers is a seeder. */
const isSeeder = (peer: number): boolean => peer % 3 === 0;

function nameTorrent(words: Int32Array, torrent: number): void {
  for (let i = 0; i < words.length; i++)
    words[i] = Math.imul(torrent + 1, 0x9e3779b1 + 2 * i) ^ (i << 24);
}

/** Writes a snapshot of at least so many peers, as if they had all announced now. */
export function writeManyPeers(path: string, peersWanted: number): ManyPeers {
  const memoryBytesMax = Math.max(64 * MIB, peersWanted * STORE_BYTES_PER_PEER);
  const store = createSwarmStore({ memoryBytesMax, limits: undefined });
  const infoHash = new Int32Array(5);
  const address = new Int32Array(1);
  const announce = new Announce(infoHash, address, new Uint16Array(0));
  announce.hasEvent = true;
  let torrents = 0;
  let peers = 0;
  for (; peers < peersWanted; torrents++) {
    nameTorrent(infoHash, torrents);
    for (let peer = 0; peer < peersOf(torrents); peer++) {
      peers++;
      address[0] = Math.imul(peers, 0x85ebca6b);
      announce.port = peers & 0xffff;
      announce.flags = isSeeder(peer) ? ANNOUNCE_SEEDER : 0;
      store.announce(announce);
    }
  }
  writeSnapshotFile(path, {
    ...{ store, compression: "none", nowSeconds: () => 0, unixSeconds: Date.now() / 1000 },
  });
  return { torrents, peers };
}

/** Scrapes so many of the torrents, evenly spread, and all of the largest; what is missing, one line each. */
export async function missingPeers(
  web: number,
  { torrents }: ManyPeers,
  sampled: number,
): Promise<string[]> {
  const step = Math.max(1, Math.floor(torrents / sampled));
  const [[largeOneIn = 1] = []] = SIZES;
  const chosen: number[] = [];
  for (let torrent = 0; torrent < torrents; torrent += step) chosen.push(torrent);
  for (let torrent = largeOneIn - 1; torrent < torrents; torrent += largeOneIn)
    chosen.push(torrent);
  const lines: string[] = [];
  const http = await HttpClient.connect(web);
  for (let first = 0; first < chosen.length; first += SCRAPED_AT_ONCE) {
    const some = [...new Set(chosen.slice(first, first + SCRAPED_AT_ONCE))];
    http.send(
      httpGet(`/scrape?${some.map((torrent) => `info_hash=${escaped(torrent)}`).join("&")}`),
    );
    const answers = first / SCRAPED_AT_ONCE + 1;
    const text = (await http.receive(answers))[answers - 1]?.text ?? "";
    for (const torrent of some) {
      const expected = expectedOf(torrent);
      const at = text.indexOf(`20:${latin1Of(torrent)}`);
      const found = at < 0 ? "nothing" : text.slice(at + 23, at + 23 + expected.length);
      if (found !== expected) lines.push(`torrent ${torrent}: ${found}, expected ${expected}`);
    }
  }
  http.destroy();
  return lines;
}

function expectedOf(torrent: number): string {
  const peers = peersOf(torrent);
  const seeders = Math.ceil(peers / 3);
  const leechers = peers - seeders;
  return `d8:completei${seeders}e10:downloadedi0e11:downloadersi${leechers}e10:incompletei${leechers}ee`;
}

function latin1Of(torrent: number): string {
  const words = new Int32Array(5);
  nameTorrent(words, torrent);
  return Buffer.from(words.buffer).toString("latin1");
}

const escaped = (torrent: number): string =>
  Buffer.from(latin1Of(torrent), "latin1").toString("hex").replace(/../g, "%$&");
