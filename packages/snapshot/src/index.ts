/** Swarms as bytes: the encoding of records (records/), and snapshots of the swarm store in files. */
export { type SnapshotConfig, snapshotSection } from "./config.ts";
export { exportSnapshot, inspectSnapshot, type SnapshotReport } from "./inspect.ts";
export type { SnapshotSettings } from "./keeper.ts";
export { PartSource } from "./part-source.ts";
export { type ByteSource, SnapshotReader, UnreadableStream } from "./reader.ts";
export { CHUNK_HEADER_BYTES } from "./records/layout.ts";
export { SnapshotRestorer } from "./restorer.ts";
export { type SnapshotFile, writeSnapshotFile } from "./snapshot-file.ts";
export {
  bindSnapshot,
  type SnapshotBinding,
  type SnapshotServer,
  startSnapshot,
} from "./start-snapshot.ts";
export { SnapshotWriter } from "./writer.ts";
