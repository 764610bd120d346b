/**
 * Keeps the snapshot of a store: restores it at the start, replaces it at an interval and at the end, and says so in the log.
 * Called by the snapshot thread (snapshot-worker.ts), which owns it; tests call it without a thread.
 */
import { closeSync } from "node:fs";
import type { Column, CounterRow } from "@swarmtide/metrics";
import type { ErrorCode, Logger } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  type SwarmConfig,
  type SwarmStore,
} from "@swarmtide/swarm";
import type { SnapshotConfig } from "./config.ts";
import {
  EXPIRED_PEERS,
  FAILED,
  LAST_BYTES,
  LAST_DURATION,
  LAST_TIME,
  PROBLEMS,
  REFUSED_PEERS,
  RESTORED_PEERS,
  RESTORING,
  WRITTEN,
} from "./counters.ts";
import { fileSource } from "./file-source.ts";
import { SnapshotReader, UnreadableStream } from "./reader.ts";
import type { FileCalls } from "./replaced-file.ts";
import { SnapshotRestorer } from "./restorer.ts";
import { writeSnapshotFile } from "./snapshot-file.ts";

const MIB = 2 ** 20;
const SECONDS_PER_DAY = 86_400;
/** Pages of the store between two looks at the clock, when nothing was written meanwhile. */
const STEPS_PER_LOOK = 64;

/** What a reload replaces. */
export interface SnapshotSettings {
  readonly config: SnapshotConfig;
  readonly swarm: SwarmConfig;
  readonly accessList: AccessListHandle;
}

export interface KeeperOptions {
  readonly store: SwarmStore;
  /** Where it is written; undefined where a chroot hides the folder. */
  readonly path: string | undefined;
  readonly log: Logger;
  readonly counters: CounterRow<"snapshot">;
  /** The store's clock. */
  readonly nowSeconds: () => number;
  /** Unix time, seconds. */
  readonly unixSeconds: () => number;
  readonly fileCalls?: FileCalls;
}

/** What a snapshot may take, and who may end it. */
export interface WriteLimits {
  /** 0 for no limit. */
  readonly bytesPerSecond: number;
  /** Waits so long. False when the snapshot is to be given up. Asked with 0 every few pages. */
  readonly goesOnAfter: (milliseconds: number) => boolean;
}

export class SnapshotKeeper {
  settings: SnapshotSettings;
  /** False until all of the former snapshot is back: a snapshot of a part would replace the whole. */
  #isRestored = true;
  readonly #options: KeeperOptions;

  constructor(options: KeeperOptions, settings: SnapshotSettings) {
    this.#options = options;
    this.settings = settings;
  }

  /** Restores what an open file holds, as far as it is sound, and closes it. `goesOn` is asked after every chunk. */
  restore(file: number, path: string, goesOn: () => boolean): void {
    const { log, nowSeconds, unixSeconds } = this.#options;
    const { config, swarm, accessList } = this.settings;
    const startSeconds = nowSeconds();
    this.#isRestored = false;
    try {
      const reader = new SnapshotReader(fileSource(file));
      const restorer = new SnapshotRestorer({
        ...{ store: this.#options.store, reader, nowSeconds, unixSeconds },
        peerAgeSecondsMax: swarm.maxPeerAge,
        keepCompletedSeconds: swarm.keepCompleted * SECONDS_PER_DAY,
        accessList: accessList.mode === "off" ? undefined : AccessList.attach(accessList),
      });
      if (reader.header.begunAtSeconds > unixSeconds() + 1)
        log.warn(
          `snapshot ${path}: written ${Math.round(reader.header.begunAtSeconds - unixSeconds())} seconds in the future; its peers keep the ages they had. Is the clock right?`,
        );
      while (restorer.step())
        if (!goesOn()) {
          log.warn(`snapshot ${path}: stopped while it was restored; the file stays as it is`);
          return;
        }
      this.#isRestored = true;
      this.#tellRestored(path, reader, restorer, nowSeconds() - startSeconds);
    } catch (error) {
      // Nothing more can be read, so that nothing is lost when a new snapshot takes its place.
      this.#isRestored = true;
      this.#count(PROBLEMS, 1);
      const next = `; the tracker starts without, and a new one takes its place in ${config.interval} seconds`;
      log.error(`snapshot ${path}: ${reasonOf(error)}${next}`, {
        code: "SWARMTIDE_SNAPSHOT_UNREADABLE" satisfies ErrorCode,
      });
    } finally {
      closeSync(file);
      this.#options.counters[RESTORING] = 0;
    }
  }

  #tellRestored(
    path: string,
    reader: SnapshotReader,
    restorer: SnapshotRestorer,
    seconds: number,
  ): void {
    const { log } = this.#options;
    const { taken, peersExpired, recordsDenied } = restorer;
    this.#count(RESTORED_PEERS, taken.peersStored);
    this.#count(EXPIRED_PEERS, peersExpired);
    this.#count(REFUSED_PEERS, taken.peersRefused);
    this.#count(PROBLEMS, reader.problems.length + reader.problemsUntold);
    log.info(`snapshot ${path}: restored`, {
      peers: taken.peersStored,
      torrents: taken.recordsStored,
      expiredPeers: peersExpired,
      deniedTorrents: recordsDenied,
      seconds: round(seconds),
    });
    for (const problem of reader.problems)
      log.error(`snapshot ${path}: ${problem}`, {
        code: "SWARMTIDE_SNAPSHOT_DAMAGED" satisfies ErrorCode,
      });
    if (reader.problemsUntold > 0)
      log.error(`snapshot ${path}: ${reader.problemsUntold} more places are damaged`);
    if (taken.peersRefused + taken.recordsRefused > 0)
      log.warn(
        `snapshot ${path}: ${taken.peersRefused} peers of ${taken.recordsRefused} torrents are left out because swarm.max_memory is smaller than when it was written; raise it to keep them`,
      );
  }

  /** Replaces the snapshot. False when it failed or was given up; then the previous one is kept. */
  write({ bytesPerSecond, goesOnAfter }: WriteLimits): boolean {
    const { path, store, log, counters, nowSeconds, unixSeconds, fileCalls } = this.#options;
    if (path === undefined || !this.#isRestored) return false;
    const startSeconds = nowSeconds();
    let steps = 0;
    let bytesSeen = 0;
    const goesOn = (bytes: number): boolean => {
      if (bytes === bytesSeen && ++steps % STEPS_PER_LOOK !== 0) return true;
      bytesSeen = bytes;
      const dueSeconds = bytesPerSecond === 0 ? 0 : bytes / bytesPerSecond;
      const early = startSeconds + dueSeconds - nowSeconds();
      return goesOnAfter(Math.max(0, early * 1000));
    };
    try {
      const written = writeSnapshotFile(path, {
        ...{ store, nowSeconds, compression: this.settings.config.compression },
        ...{ unixSeconds: unixSeconds(), goesOn, ...(fileCalls && { fileCalls }) },
      });
      if (written === undefined) return false;
      const seconds = nowSeconds() - startSeconds;
      this.#count(WRITTEN, 1);
      counters[LAST_TIME] = Math.round(unixSeconds());
      counters[LAST_BYTES] = written.bytes;
      counters[LAST_DURATION] = seconds;
      log.debug("snapshot written", { ...written, seconds: round(seconds) });
      return true;
    } catch (error) {
      this.#count(FAILED, 1);
      log.error(`snapshot ${path}: not written: ${reasonOf(error)}; the previous one is kept`, {
        code: "SWARMTIDE_SNAPSHOT_NOT_WRITTEN" satisfies ErrorCode,
      });
      return false;
    }
  }

  #count(column: Column<"snapshot">, by: number): void {
    const { counters } = this.#options;
    counters[column] = (counters[column] ?? 0) + by;
  }

  /** The most that may be written in a second while the tracker serves. */
  get bytesPerSecond(): number {
    return this.settings.config.writeRate * MIB;
  }
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100;

/** What an operator can do something about; a bug of ours goes on as it is. */
function reasonOf(error: unknown): string {
  if (error instanceof UnreadableStream) return error.message;
  if (!(error instanceof Error) || !("code" in error)) throw error;
  switch (error.code) {
    case "ENOSPC":
    case "EDQUOT":
      return `${error.message}. Free space on this disk: while one is written there are two`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `${error.message}. Let the user that the tracker runs as write to the folder`;
    case "ENOENT":
    case "ENOTDIR":
      return `${error.message}. Create the folder, or correct snapshot.path`;
    default:
      return error.message;
  }
}
