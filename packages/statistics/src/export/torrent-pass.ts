/**
 * One pass over all torrents after a cleaning: counts them by their number of peers and writes the export files. Called by
 * the cleaning thread, in steps that each hold one shard's lock for one page, as cleaning does (SwarmWalk); lines are made
 * and written outside the lock, so that no announce waits longer than it waits for cleaning.
 *
 *     hash:seeders:leechers:completed        both families together, torrents without peers that are kept for their count too
 *     4 hash seeders leechers                 a line for each family that has peers
 */
import { INFO_HASH_BYTES } from "@swarmtide/bittorrent";
import { INFO_HASH_STRIDE, type SwarmStore, SwarmWalk } from "@swarmtide/swarm";
import { type ExportCompression, ExportFile } from "./export-file.ts";
import { PeersPerTorrentCells, PeersPerTorrentCount } from "./peers-per-torrent-cells.ts";

/** What a pass does; plain data, may be posted to a worker. */
export interface TorrentPassSettings {
  /** Of PeersPerTorrentCells; undefined where nobody counts. */
  readonly peersPerTorrent: SharedArrayBuffer | undefined;
  /** Undefined where it is not written. */
  readonly exportPath: string | undefined;
  readonly exportByFamilyPath: string | undefined;
  readonly compression: ExportCompression;
  /** The files are written by every so many passes. */
  readonly exportEvery: number;
}

export interface TorrentPassResult {
  readonly torrents: number;
  readonly files: readonly string[];
}

export class TorrentPass {
  #settings: TorrentPassSettings;
  #cells: PeersPerTorrentCells | undefined;
  #passes = 0;

  constructor(settings: TorrentPassSettings) {
    this.#settings = settings;
    this.#cells = attachCells(settings);
  }

  /** Takes what a reload has changed into use, from the next pass on. */
  configure(settings: TorrentPassSettings): void {
    this.#settings = settings;
    this.#cells = attachCells(settings);
  }

  /**
   * Walks the whole store. `goesOn` is asked between steps; where it says no the pass is given up and no file changes, and
   * undefined is returned. Throws the error of a file that cannot be written; then none changes either.
   */
  run(store: SwarmStore, goesOn: () => boolean): TorrentPassResult | undefined {
    const { exportPath, exportByFamilyPath, compression, exportEvery } = this.#settings;
    const isExporting = this.#passes++ % exportEvery === 0;
    const paths = isExporting ? { exportPath, exportByFamilyPath } : {};
    if (this.#cells === undefined && !paths.exportPath && !paths.exportByFamilyPath)
      return undefined;
    const files: ExportFile[] = [];
    const open = (path: string | undefined): ExportFile | undefined => {
      if (path === undefined) return undefined;
      const file = new ExportFile(path, compression);
      files.push(file);
      return file;
    };
    try {
      const torrents = this.#walk(
        store,
        open(paths.exportPath),
        open(paths.exportByFamilyPath),
        goesOn,
      );
      if (torrents === undefined) {
        for (const file of files) file.abandon();
        return undefined;
      }
      for (const file of files.splice(0)) file.finish();
      const written = [paths.exportPath, paths.exportByFamilyPath];
      return { torrents, files: written.filter((path) => path !== undefined) };
    } catch (error) {
      for (const file of files) file.abandon();
      throw error;
    }
  }

  #walk(
    store: SwarmStore,
    all: ExportFile | undefined,
    byFamily: ExportFile | undefined,
    goesOn: () => boolean,
  ): number | undefined {
    const walk = new SwarmWalk(store, { withPeers: false });
    const count = new PeersPerTorrentCount();
    const hashes = Buffer.from(
      walk.infoHashes.buffer,
      walk.infoHashes.byteOffset,
      walk.infoHashes.length,
    );
    const isWriting = all !== undefined || byFamily !== undefined;
    let torrents = 0;
    while (walk.next()) {
      if (!goesOn()) return undefined;
      for (let row = 0; row < walk.count; row++) {
        const seeders4 = walk.seeders(row, 4);
        const leechers4 = walk.leechers(row, 4);
        const seeders6 = walk.seeders(row, 6);
        const leechers6 = walk.leechers(row, 6);
        count.add(seeders4 + leechers4 + seeders6 + leechers6);
        torrents++;
        if (!isWriting) continue;
        const at = row * INFO_HASH_STRIDE;
        const hash = hashes.toString("hex", at, at + INFO_HASH_BYTES);
        all?.line(`${hash}:${seeders4 + seeders6}:${leechers4 + leechers6}:${walk.completed(row)}`);
        if (seeders4 + leechers4 > 0) byFamily?.line(`4 ${hash} ${seeders4} ${leechers4}`);
        if (seeders6 + leechers6 > 0) byFamily?.line(`6 ${hash} ${seeders6} ${leechers6}`);
      }
    }
    this.#cells?.write(count, Date.now());
    return torrents;
  }
}

const attachCells = ({ peersPerTorrent }: TorrentPassSettings) =>
  peersPerTorrent && PeersPerTorrentCells.attach(peersPerTorrent);
