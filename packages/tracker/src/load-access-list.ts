/**
 * Reads the operator's access list, at the start and on every reload. Runs on the main thread, where nobody waits for
 * an answer; the workers go on with the list they have until the new one is posted to them.
 */
import { OperatorError } from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListConfig,
  AccessListError,
  type AccessListHandle,
  parseAccessList,
} from "@swarmtide/swarm";
import { FileReadError, readOperatorFile } from "@swarmtide/toml-config";

/** The longest file, 2 GiB: a list of the most entries takes 1.4 GB. */
const FILE_BYTES_MAX = 2 ** 31 - 1;

/** The list of the configuration, laid out for all threads. Throws OperatorError with the file and the line. */
export function loadAccessList({ mode, path }: AccessListConfig): AccessListHandle {
  if (mode === "off") return AccessList.build({ mode });
  try {
    return AccessList.build({
      mode,
      hashes: parseAccessList(readOperatorFile(path, FILE_BYTES_MAX)),
    });
  } catch (error) {
    if (error instanceof AccessListError)
      throw new OperatorError(
        `access list ${path}:${error.line}: "${error.value}" is not an info hash; expected ${error.expected}`,
      );
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason =
      READ_FAILURES.get(code) ?? (error instanceof FileReadError ? error.message : undefined);
    if (reason === undefined) throw error;
    throw new OperatorError(`access list ${path} (access_list.path): ${reason}`);
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
