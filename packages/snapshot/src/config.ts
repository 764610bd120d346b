/** [snapshot] of the configuration file: swarms that outlive a restart. Read on the main thread. */
import { type ConfigOf, choice, integer, path, section } from "@swarmtide/toml-config";
import { COMPRESSIONS } from "./records/chunk.ts";
import { hasCompression } from "./records/compression.ts";

export const snapshotSection = section(
  "A copy of the swarms of UDP and HTTP on disk, so that a restart loses nothing. Read at the start, written while the tracker runs and when it stops.",
  {
    path: path({
      default: "",
      optional: true,
      doc: 'File to keep it in; "" keeps none. Its folder must be writable for the user that the tracker runs as.',
    }),
    interval: integer({
      default: 300,
      min: 1,
      max: 86_400,
      unit: "seconds",
      doc: "Time between two snapshots. After a crash, what was announced since the last one is missing.",
    }),
    compression: choice({
      default: "none",
      choices: COMPRESSIONS,
      doc: "How it is compressed. Addresses hardly shrink: gzip saves a sixth for four times the processor time. zstd needs Node 22.15.",
    }),
    write_rate: integer({
      default: 32,
      min: 0,
      max: 65_536,
      unit: "MiB per second",
      doc: "Limit of what is written in a second while the tracker serves; 0 sets none. When the tracker stops, only the disk limits it.",
    }),
    stop_timeout: integer({
      default: 60,
      min: 0,
      max: 3600,
      unit: "seconds",
      doc: "Time limit of the last snapshot when the tracker stops. One that takes longer is abandoned, and the previous one is kept. 0 writes none.",
    }),
  },
  ({ compression }) =>
    hasCompression(compression)
      ? undefined
      : {
          key: "compression",
          expected: `none or gzip with Node ${process.versions.node}, or Node 22.15 for ${compression}`,
        },
);

export type SnapshotConfig = ConfigOf<typeof snapshotSection>;
