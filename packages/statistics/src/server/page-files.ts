/**
 * The files of the page, read into memory once at the start: index.html, its style, its modules and uPlot. A chroot may follow,
 * and a request then touches no file; nothing else of the package or the disk can be asked for. Main thread.
 */
import { listProgramFiles, packageFile, readProgramFile } from "@swarmtide/runtime";

/** One file as it is sent. */
export interface PageFile {
  readonly contentType: string;
  readonly bytes: Buffer;
}

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

const staticFolder = new URL("../../page/", import.meta.url);
const moduleFolder = new URL("../page/", import.meta.url);

const isModule = (name: string) => name.endsWith(".js") && !name.endsWith(".test.js");

/** Every file by its path below the page's address. */
export function loadPageFiles(): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  const add = (path: string, contentType: string, from: URL) =>
    files.set(path, { contentType, bytes: readProgramFile(from) });
  add("/", HTML, new URL("index.html", staticFolder));
  add("/page/page.css", STYLE, new URL("page.css", staticFolder));
  add("/page/icon.svg", "image/svg+xml", new URL("icon.svg", staticFolder));
  const uplot = (name: string) => packageFile(import.meta.url, `uplot/dist/${name}`);
  add("/page/uplot.js", SCRIPT, uplot("uPlot.iife.min.js"));
  add("/page/uplot.css", STYLE, uplot("uPlot.min.css"));
  for (const name of listProgramFiles(moduleFolder).filter(isModule))
    add(`/page/${name}`, SCRIPT, new URL(name, moduleFolder));
  for (const name of ["api-shape.js", "api-history.js"])
    add(`/${name}`, SCRIPT, new URL(`../${name}`, import.meta.url));
  return files;
}
