/** Every key of the configuration that the pages name exists, and every piece of configuration in them is read without a complaint. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Entries, readConfig, type SectionSchema } from "@swarmtide/toml-config";
import { trackerSchema } from "../config.ts";
import {
  placeOf,
  REPOSITORY,
  repositoryFiles,
  repositoryPages,
} from "../testing/repository-pages.ts";

const pages = repositoryPages();
const schema: SectionSchema<Entries> = trackerSchema;
const sections = new Map(
  Object.entries(schema.entries).flatMap(([name, entry]) =>
    entry.kind === "section" ? [[name, new Set(Object.keys(entry.entries))]] : [],
  ),
);

test("every block of TOML in the pages is a configuration that is read", () => {
  const complaints: string[] = [];
  const blocks = pages.flatMap((page) => page.blocks.filter(({ language }) => language === "toml"));
  for (const block of blocks) {
    try {
      readConfig(trackerSchema, block.text, placeOf(block));
    } catch (error) {
      complaints.push(String(error));
    }
  }
  assert.deepEqual(complaints, []);
  assert.ok(blocks.length >= 5, `only ${blocks.length} were found`);
});

test("every `section.key` and `[section]` that the pages name is in the schema", () => {
  const unknown: string[] = [];
  let count = 0;
  for (const { path, inlineCode } of pages) {
    if (path === "CHANGELOG.md") continue; // It also names keys that were.
    for (const code of inlineCode) {
      const [, section = "", key] =
        /^\[?([a-z_]+)(?:\]|\.([a-z0-9_]+))(?= |$)/.exec(code.text) ?? [];
      if (section === "" || !(code.text.startsWith("[") || sections.has(section))) continue;
      // `udp.ts` is a file; in the guides for those who come from other trackers the first column holds the keys of these.
      if (key === "ts" || (code.isFirstCell && path.startsWith("docs/moving-from-"))) continue;
      count++;
      const keys = sections.get(section);
      if (keys === undefined || (key !== undefined && !keys.has(key)))
        unknown.push(`${placeOf(code)}: ${code.text}`);
    }
  }
  assert.deepEqual(unknown, []);
  assert.ok(count > 100, `only ${count} were found`);
});

/** `udp_limited_total` → `limited`, as counters.ts declares it. */
const declaredName = (name: string): string =>
  name
    .replace(/_total$/, "")
    .replace(/^swarmtide_/, "")
    .replace(/^(udp|http|tcp|ws)_/, "")
    .replace(/_(bytes|seconds)$/, "");

test("every name with underscores that the pages put in code occurs in the sources", () => {
  const sources = repositoryFiles()
    .filter((path) => /\.(ts|c|json|yml|yaml|service|conf|html|js|mjs|sh)$|Dockerfile$/.test(path))
    .map((path) => readFileSync(`${REPOSITORY}/${path}`, "utf8"));
  const known = new Set(
    sources.flatMap((text) => text.match(/[a-z][a-z0-9]*(_[a-z0-9]+)*/g) ?? []),
  );
  const unknown: string[] = [];
  for (const { path, inlineCode } of pages) {
    if (path === "CHANGELOG.md") continue;
    for (const code of inlineCode) {
      const [name] = /^[a-z][a-z0-9]*(_[a-z0-9]+)+(?=$|\{)/.exec(code.text) ?? [];
      if (name === undefined || known.has(name)) continue;
      if (code.isFirstCell && path.startsWith("docs/moving-from-")) continue;
      if (!(name.endsWith("_total") && known.has(declaredName(name))))
        unknown.push(`${placeOf(code)}: ${code.text}`);
    }
  }
  assert.deepEqual(unknown, []);
});
