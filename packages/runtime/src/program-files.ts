/**
 * Files that belong to the program and lie beside its modules: workers, the page, the manifest. In a program of one file
 * (`npm run build:binary`) they lie inside of it (node:sea), and its modules have URLs such as
 * `swarmtide:/packages/udp/dist/server.js`, whose path is the name of the asset. Called on the main thread at the start.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What is used of node:sea, declared by hand: Node 20.0 does not have it. */
interface SingleExecutable {
  getRawAsset(key: string): ArrayBuffer;
  getAssetKeys(): string[];
}

const isFile = ({ protocol }: URL): boolean => protocol === "file:";
const assetKey = ({ pathname }: URL): string => decodeURIComponent(pathname.slice(1));

function assets(): SingleExecutable {
  const sea = process.getBuiltinModule?.("node:sea");
  if (sea === undefined) throw new Error("this Node has no node:sea");
  return sea as object as SingleExecutable;
}

/** The bytes of a file beside a module. */
export function readProgramFile(url: URL): Buffer {
  if (isFile(url)) return readFileSync(url);
  return Buffer.from(assets().getRawAsset(assetKey(url)));
}

/** The names of the files in a folder beside a module; its URL ends in "/". */
export function listProgramFiles(folder: URL): string[] {
  if (isFile(folder)) return readdirSync(fileURLToPath(folder));
  const prefix = assetKey(folder);
  return assets()
    .getAssetKeys()
    .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("/"))
    .map((key) => key.slice(prefix.length));
}

/** A file of an npm package as the module of `callerUrl` would find it: `uplot/dist/uPlot.min.css`. */
export function packageFile(callerUrl: string, name: string): URL {
  const caller = new URL(callerUrl);
  if (!isFile(caller)) return new URL(`/node_modules/${name}`, caller);
  return pathToFileURL(createRequire(caller).resolve(name));
}

/** How a thread with this module is started: by its URL, or by its source where it is not a file. */
export function threadSource(url: URL): { readonly entry: URL | string; readonly options: object } {
  if (isFile(url)) return { entry: url, options: {} };
  const entry = readProgramFile(url).toString("utf8");
  return { entry, options: { eval: true, type: "module" } };
}
