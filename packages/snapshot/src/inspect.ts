/**
 * Looks into a snapshot without a tracker: `swarmtide snapshot info`, `verify` and `export`. Called on the main thread; reads the
 * file chunk by chunk.
 */
import { closeSync, constants, openSync } from "node:fs";
import { type ErrorCode, OperatorError } from "@swarmtide/runtime";
import { fileSource } from "./file-source.ts";
import { SnapshotReader, UnreadableStream } from "./reader.ts";
import type { Compression } from "./records/chunk.ts";
import { INFO_HASH_BYTES, PEER_SEEDER } from "./records/layout.ts";
import { TorrentReader } from "./records/torrent-reader.ts";

const CODE: ErrorCode = "SWARMTIDE_SNAPSHOT_UNREADABLE";
/** Lines of an export that are written together. */
const LINES_PER_PIECE = 1000;

/** What a snapshot holds, and whether it is sound. */
export interface SnapshotReport {
  readonly bytes: number;
  readonly compression: Compression;
  /** Unix time, seconds. */
  readonly writtenAtSeconds: number;
  readonly chunks: number;
  /** Records of torrents; a large swarm has several. */
  readonly records: number;
  readonly peersIpv4: number;
  readonly peersIpv6: number;
  readonly isWhole: boolean;
  readonly problems: readonly string[];
}

/** Reads all of a snapshot. Throws OperatorError where it is none. */
export function inspectSnapshot(path: string): SnapshotReport {
  return withReader(path, (reader, bytes) => {
    forEachRecord(reader, () => {});
    const { header, chunks, records, peersIpv4, peersIpv6, isWhole } = reader;
    const untold =
      reader.problemsUntold === 0 ? [] : [`${reader.problemsUntold} more places are damaged`];
    return {
      ...{ bytes, compression: header.compression, writtenAtSeconds: header.begunAtSeconds },
      ...{ chunks, records, peersIpv4, peersIpv6 },
      isWhole: isWhole && reader.problems.length === 0,
      problems: [...reader.problems, ...untold],
    };
  });
}

/**
 * Writes a line `info hash:seeders:leechers:completed` for each record, as indexers read them. A swarm that comes in several
 * records has as many lines. Returns what is damaged.
 */
export function exportSnapshot(path: string, write: (text: string) => void): readonly string[] {
  return withReader(path, (reader) => {
    let lines: string[] = [];
    forEachRecord(reader, (torrent) => {
      const { bytes, infoHashAt, completed } = torrent;
      const hash = bytes.subarray(infoHashAt, infoHashAt + INFO_HASH_BYTES);
      const peers = torrent.peersIpv4 + torrent.peersIpv6;
      const seeders = countSeeders(torrent);
      lines.push(
        `${Buffer.from(hash).toString("hex")}:${seeders}:${peers - seeders}:${completed}\n`,
      );
      if (lines.length < LINES_PER_PIECE) return;
      write(lines.join(""));
      lines = [];
    });
    write(lines.join(""));
    return reader.problems;
  });
}

function countSeeders(torrent: TorrentReader): number {
  let seeders = 0;
  for (let i = 0; i < torrent.peersIpv4; i++)
    if ((torrent.state(torrent.peerAtIpv4(i) + 4) & PEER_SEEDER) !== 0) seeders++;
  for (let i = 0; i < torrent.peersIpv6; i++)
    if ((torrent.state(torrent.peerAtIpv6(i) + 16) & PEER_SEEDER) !== 0) seeders++;
  return seeders;
}

function forEachRecord(reader: SnapshotReader, take: (torrent: TorrentReader) => void): void {
  const torrents = new TorrentReader();
  for (let chunk = reader.next(); chunk !== undefined; chunk = reader.next()) {
    torrents.open(chunk.body, 0, chunk.body.length);
    let records = 0;
    for (; torrents.next(); records++) take(torrents);
    if (torrents.isMalformed || records !== chunk.header.records)
      reader.tellMalformed(chunk.header);
  }
}

function withReader<T>(path: string, use: (reader: SnapshotReader, bytes: number) => T): T {
  let file: number | undefined;
  try {
    // A FIFO without a writer would wait for one.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const source = fileSource(file);
    return use(new SnapshotReader(source), source.size);
  } catch (error) {
    if (error instanceof UnreadableStream || (error instanceof Error && "code" in error))
      throw new OperatorError(`${path}: ${error.message}`, { code: CODE, cause: error });
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
