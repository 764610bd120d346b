/** Reads a configuration file, with complaints an operator understands. Called on the main thread. */
import { ConfigError } from "./config-error.ts";
import { type ConfigLayer, tomlLayer } from "./layers.ts";
import { FileReadError, readOperatorFile } from "./operator-file.ts";
import { wholeFileProblem } from "./parse-toml.ts";

/** The longest configuration file. */
export const FILE_BYTES_MAX: number = 2 ** 20;

/** The layer of a configuration file. Throws ConfigError, also where the file is missing, unreadable or not UTF-8. */
export function fileLayer(filePath: string): ConfigLayer {
  let bytes: Uint8Array;
  try {
    bytes = readOperatorFile(filePath, FILE_BYTES_MAX);
  } catch (error) {
    throw unreadable(filePath, undefined, describeReadFailure(error));
  }
  return tomlLayer(decodeUtf8(bytes, filePath), filePath);
}

const unreadable = (file: string, line: number | undefined, complaint: string): ConfigError =>
  new ConfigError([wholeFileProblem(file, line, complaint)], "SWARMTIDE_CONFIG_UNREADABLE");

function describeReadFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "no such file; --print-config prints a complete one to start from";
  if (code === "EACCES") return "no permission to read it";
  if (code === "EISDIR") return "is a folder, expected a TOML file";
  if (error instanceof FileReadError) return error.message;
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

/** Decodes strictly and names the first line that is not UTF-8. */
function decodeUtf8(bytes: Uint8Array, filePath: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    let line = 1;
    for (let start = 0; start < bytes.length; line++) {
      const end = bytes.indexOf(0x0a, start);
      const stop = end < 0 ? bytes.length : end + 1;
      try {
        decoder.decode(bytes.subarray(start, stop));
      } catch {
        break;
      }
      start = stop;
    }
    throw unreadable(filePath, line, "not UTF-8 text; save the file as UTF-8");
  }
}
