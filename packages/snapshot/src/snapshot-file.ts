/**
 * A store's swarms as a file, which takes the place of the former one once it is whole. Called by the keeper on the snapshot thread, and
 * by what makes snapshots for a tracker to start with.
 */
import { type FileCalls, nodeFileCalls, ReplacedFile } from "./replaced-file.ts";
import { SnapshotWriter, type WriterOptions } from "./writer.ts";

export interface SnapshotFileOptions extends Omit<WriterOptions, "write"> {
  /** Asked after each page with the bytes written so far: false gives the snapshot up. */
  readonly goesOn?: (bytesWritten: number) => boolean;
  readonly fileCalls?: FileCalls;
}

export interface SnapshotFile {
  readonly bytes: number;
  readonly peers: number;
}

/** Returns undefined where it was given up. Throws the error of a system call. The former file stays in both cases. */
export function writeSnapshotFile(
  path: string,
  { goesOn = () => true, fileCalls = nodeFileCalls, ...options }: SnapshotFileOptions,
): SnapshotFile | undefined {
  const file = new ReplacedFile(path, fileCalls);
  try {
    const writer = new SnapshotWriter({ ...options, write: (bytes) => file.write(bytes) });
    while (writer.step())
      if (!goesOn(file.bytesWritten)) {
        file.abandon();
        return undefined;
      }
    file.replace();
    return { bytes: file.bytesWritten, peers: writer.peersIpv4 + writer.peersIpv6 };
  } catch (error) {
    file.abandon();
    throw error;
  }
}
