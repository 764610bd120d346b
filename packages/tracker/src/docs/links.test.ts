/** Every link of every page leads somewhere: the file is in the repository, and so is the heading behind "#". */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import {
  parsePage,
  placeOf,
  repositoryFiles,
  repositoryPages,
} from "../testing/repository-pages.ts";

const EXTERNAL = /^(https?:|mailto:)/;

test("a page is read with its links, headings, pictures and code, and without what only looks like them", () => {
  const page = parsePage(
    "page.md",
    '# A `b`, and C\n[x](y.md#z) `[no](link)` ![p](p.png) <img src="q.svg">\n```sh\n# no heading\n[no](link)\n```\n## A b, and C\n',
  );
  assert.deepEqual(
    page.links.map(({ text }) => text),
    ["y.md#z", "p.png", "q.svg"],
  );
  assert.deepEqual([...page.anchors], ["a-b-and-c", "a-b-and-c-1"]);
  assert.deepEqual(page.blocks, [
    { page: "page.md", line: 4, text: "# no heading\n[no](link)", language: "sh" },
  ]);
});

test("every link of the pages leads to a file, picture, folder or heading that exists", () => {
  const pages = new Map(repositoryPages().map((page) => [page.path, page]));
  const files = repositoryFiles();
  const known = new Set([".", ...files]);
  for (const file of files)
    for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) known.add(folder);
  const broken: string[] = [];
  let count = 0;
  for (const page of pages.values()) {
    for (const link of page.links.filter(({ text }) => !EXTERNAL.test(text))) {
      count++;
      const [path = "", anchor] = decodeURI(link.text).split("#");
      const target =
        path === "" ? page.path : normalize(join(dirname(page.path), path)).replace(/\/$/, "");
      if (!known.has(target)) broken.push(`${placeOf(link)}: there is no ${target}`);
      else if (anchor !== undefined && pages.get(target)?.anchors.has(anchor) !== true)
        broken.push(`${placeOf(link)}: ${target} has no heading #${anchor}`);
    }
  }
  assert.deepEqual(broken, []);
  assert.ok(count > 80, `only ${count} links were found`);
});
