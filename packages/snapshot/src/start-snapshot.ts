/**
 * The snapshot of a tracker as a whole: its file, its thread, its counters. Called by the program on the main thread.
 *
 *     const binding = bindSnapshot(config);
 *     const snapshot = startSnapshot({ binding, store, startedSeconds, settings, … });
 */
import { closeSync, constants, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { CounterTable } from "@swarmtide/metrics";
import {
  type LogSettings,
  OperatorError,
  startGroup,
  type WorkerGroup,
  workerModule,
} from "@swarmtide/runtime";
import type { SwarmStoreHandle } from "@swarmtide/swarm";
import type { SnapshotConfig } from "./config.ts";
import { RESTORING, snapshotCounters } from "./counters.ts";
import type { SnapshotSettings } from "./keeper.ts";
import type { SnapshotSetup } from "./snapshot-worker.ts";

/** Beside the time for the last snapshot: to notice the stop, to sync and to end the thread. */
const STOP_MILLISECONDS_EXTRA = 4000;

/** The former snapshot, opened before privileges are dropped. */
export interface SnapshotBinding {
  readonly path: string;
  /** Undefined where there is none. */
  readonly file: number | undefined;
  close(): void;
}

export interface StartSnapshotOptions {
  readonly binding: SnapshotBinding;
  readonly store: SwarmStoreHandle;
  readonly startedSeconds: number;
  readonly log: LogSettings;
  /** Where it is written once privileges are dropped; undefined where a chroot hides it. */
  readonly pathAfterDrop: string | undefined;
  readonly settings: SnapshotSettings;
  readonly onDeath: (reason: string) => void;
}

export interface SnapshotServer extends WorkerGroup<SnapshotSettings> {
  readonly counters: CounterTable<"snapshot">;
  /** How long a stop may take. */
  readonly stopMillisecondsMax: number;
  /** Whether peers of the former snapshot are still to come. */
  isRestoring(): boolean;
}

/** Opens the former snapshot. Throws OperatorError where neither it nor a new one can be in that place. */
export function bindSnapshot({ path }: SnapshotConfig): SnapshotBinding {
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new OperatorError(`snapshot.path = "${path}": ${folder} is not a folder; create it`, {
      code: "SWARMTIDE_SNAPSHOT_PATH",
    });
  const file = openFormer(path);
  return {
    path,
    file,
    close() {
      if (file !== undefined) closeSync(file);
    },
  };
}

/** A snapshot that is there but cannot be opened is an error: the next one would take its place. */
function openFormer(path: string): number | undefined {
  try {
    if (!(statSync(path, { throwIfNoEntry: false })?.isFile() ?? true))
      throw new OperatorError(`snapshot.path = "${path}": expected a file`, {
        code: "SWARMTIDE_SNAPSHOT_PATH",
      });
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error instanceof OperatorError)
      throw error;
    if (error.code === "ENOENT") return undefined;
    throw new OperatorError(
      `snapshot.path = "${path}": ${error.message}; let the tracker read it, or move it away`,
      { code: "SWARMTIDE_SNAPSHOT_PATH", cause: error },
    );
  }
}

/** Starts the thread. It restores at once; what the others are asked meanwhile is right, merely fuller later. */
export function startSnapshot(options: StartSnapshotOptions): SnapshotServer {
  const { binding, store, startedSeconds, log, pathAfterDrop, settings, onDeath } = options;
  const counters = CounterTable.create(snapshotCounters, 1);
  const { path, file } = binding;
  // Before the thread begins, so that nobody takes a store that it has not come to yet for a whole one.
  const row = counters.row(0);
  row[RESTORING] = file === undefined ? 0 : 1;
  const stopMillisecondsMax = settings.config.stopTimeout * 1000 + STOP_MILLISECONDS_EXTRA;
  const group = startGroup<SnapshotSetup, SnapshotSettings>({
    entry: workerModule(import.meta.url, "snapshot-worker"),
    workers: [
      {
        name: "snapshot",
        setup: { store, startedSeconds, log, counters: counters.handle, path, pathAfterDrop, file },
      },
    ],
    settings,
    onDeath,
    stopMillisecondsMax,
  });
  return { ...group, counters, stopMillisecondsMax, isRestoring: () => row[RESTORING] === 1 };
}
