import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { errorDocs } from "@swarmtide/runtime";
import { errorDocsPath } from "./config-docs.ts";

const PACKAGES = fileURLToPath(new URL("../../", import.meta.url));
const TABLE = "runtime/src/error-codes.ts";
/** The prefix is cut so that this file names no code. */
const CODE = new RegExp(`"(${"SWARM"}TIDE_[A-Z_]+)"`, "g");

/** Every code that a source of the rooms names as a string, outside of the table. */
function codesInSources(): Set<string> {
  const codes = new Set<string>();
  for (const path of readdirSync(PACKAGES, { recursive: true, encoding: "utf8" })) {
    const isSource = /^[^/\\]+[/\\]src[/\\].*(?<!\.test)\.ts$/.test(path);
    if (!isSource || path.replaceAll("\\", "/") === TABLE) continue;
    for (const match of readFileSync(PACKAGES + path, "utf8").matchAll(CODE))
      codes.add(match[1] ?? "");
  }
  return codes;
}

test("docs/errors.md is what the table of codes says (npm run docs writes it)", () => {
  assert.equal(readFileSync(errorDocsPath, "utf8"), errorDocs());
});

test("every code that a source names is listed, and every code that is listed is used", () => {
  const listed = [...errorDocs().matchAll(/^### (\w+)$/gm)].map((match) => match[1] ?? "");
  assert.deepEqual([...codesInSources()].sort(), listed.sort());
});
