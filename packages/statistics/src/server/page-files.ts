/**
 * The files of the page, read into memory once at the start: a chroot may follow, and a request then touches no file.
 * Main thread.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ["html", "text/html; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["svg", "image/svg+xml"],
  ["ico", "image/x-icon"],
  ["png", "image/png"],
  ["txt", "text/plain; charset=utf-8"],
]);

export interface PageFile {
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** By path: `/` and `/index.html` are the same, the others have their name. */
export function loadPageFiles(
  folder: URL = new URL("../../page/", import.meta.url),
): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  if (!existsSync(folder)) return files;
  for (const name of readdirSync(folder)) {
    const contentType = CONTENT_TYPES.get(name.slice(name.lastIndexOf(".") + 1));
    if (contentType === undefined) continue;
    const file = { contentType, bytes: readFileSync(new URL(name, folder)) };
    files.set(`/${name}`, file);
    if (name === "index.html") files.set("/", file);
  }
  return files;
}
