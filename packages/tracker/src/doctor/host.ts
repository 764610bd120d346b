/**
 * What the doctor knows of the machine: files of /proc and /sys, read on request, and nothing written. Tests bring their own files.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The machine's files. */
export interface Host {
  /** The text of a file without the line break at its end; undefined where there is none or it cannot be read. */
  readonly read: (path: string) => string | undefined;
  /** The names in a folder; none where there is none. */
  readonly list: (path: string) => readonly string[];
}

/** This machine. */
export const thisHost: Host = {
  read: (path) => {
    try {
      return readFileSync(path, "utf8").trimEnd();
    } catch {
      return undefined;
    }
  },
  list: (path) => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  },
};

/** A file that holds one whole number; undefined where it does not. */
export function readNumber(host: Host, path: string): number | undefined {
  const text = host.read(path);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
