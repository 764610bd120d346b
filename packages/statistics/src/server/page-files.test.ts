import assert from "node:assert/strict";
import { test } from "node:test";
import { loadPageFiles } from "./page-files.ts";

const files = loadPageFiles();
const textOf = (path: string) => files.get(path)?.bytes.toString("utf8") ?? "";

test("every file that the page names is one of the files, and no outside host is named", () => {
  const html = textOf("/");
  const named = [...html.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, path]) => `/${path}`);
  assert.equal(named.length, 5);
  for (const path of named) assert.ok(files.has(path), path);
  for (const [path, { bytes }] of files) {
    // uPlot names its licence's page in a comment, icon.svg the name space of SVG.
    if (path === "/page/uplot.js" || path === "/page/icon.svg") continue;
    assert.doesNotMatch(bytes.toString("utf8"), /https?:\/\//, path);
  }
});

test("every module's imports are files of the page", () => {
  for (const [path, { bytes, contentType }] of files) {
    if (!contentType.startsWith("text/javascript") || path === "/page/uplot.js") continue;
    for (const [, target] of bytes.toString("utf8").matchAll(/^import .*? from "([^"]+)";$/gm)) {
      const { pathname } = new URL(target ?? "", `http://localhost${path}`);
      assert.ok(files.has(pathname), `${path} imports ${target}`);
    }
  }
});

test("the page needs no inline script and no inline style", () => {
  assert.doesNotMatch(textOf("/"), /<style|style=|<script(?![^>]+src=)|\son\w+=/);
});

test("tests and sources are not among the files", () => {
  for (const path of files.keys()) assert.doesNotMatch(path, /test|\.ts$|\.map$|\.\./);
});
