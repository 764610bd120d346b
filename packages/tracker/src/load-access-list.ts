/**
 * Reads the operator's access list, at the start and on every reload. Runs on the main thread, where nobody waits for
 * an answer; the workers go on with the list they have until the new one is posted to them. A list of millions takes
 * seconds, so it is read and laid out in slices of some milliseconds: signals are handled between two of them.
 */
import { setImmediate as turn } from "node:timers/promises";
import { OperatorError } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListConfig,
  AccessListError,
  type AccessListHandle,
  AccessListParser,
} from "@swarmtide/swarm";
import { FileReadError, OperatorFile } from "@swarmtide/toml-config";

/** The longest file, 2 GiB: a list of the most entries takes 1.4 GB. */
const FILE_BYTES_MAX = 2 ** 31 - 1;

/** What is read at a time: 25,000 entries, some 5 ms. */
const PIECE_BYTES = 2 ** 20;

/** The list of the configuration, laid out for all threads. Rejects with OperatorError, which names file and line. */
export async function loadAccessList({ mode, path }: AccessListConfig): Promise<AccessListHandle> {
  if (mode === "off") return AccessList.build({ mode });
  try {
    const slices = AccessList.buildInSlices({ mode, hashes: await readInfoHashes(path) });
    for (;;) {
      const slice = slices.next();
      if (slice.done === true) return slice.value;
      await turn();
    }
  } catch (error) {
    if (error instanceof AccessListError)
      throw new OperatorError(
        `access list ${path}:${error.line}: "${error.value}" is not an info hash; expected ${error.expected}`,
        { code: "SWARMTIDE_ACCESS_LIST_INVALID", cause: error },
      );
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason =
      READ_FAILURES.get(code) ?? (error instanceof FileReadError ? error.message : undefined);
    if (reason === undefined) throw error;
    throw new OperatorError(`access list ${path} (access_list.path): ${reason}`, {
      code: "SWARMTIDE_ACCESS_LIST_UNREADABLE",
      cause: error,
    });
  }
}

async function readInfoHashes(path: string): Promise<Uint8Array> {
  const file = OperatorFile.open(path, FILE_BYTES_MAX);
  try {
    const parser = new AccessListParser(file.sizeBytes);
    for (;;) {
      const piece = file.read(PIECE_BYTES);
      if (piece.length === 0) return parser.finish();
      parser.add(piece);
      await turn();
    }
  } finally {
    file.close();
  }
}

const READ_FAILURES: ReadonlyMap<string, string> = new Map([
  ["ENOENT", 'no such file; create it or set access_list.mode = "off"'],
  ["EACCES", "no permission to read it"],
  ["EISDIR", "is a folder, expected a file"],
  ["ENOTDIR", "a component of the path is not a directory"],
  ["ELOOP", "its symbolic links form a loop"],
  ["EIO", "I/O error while reading it"],
]);
