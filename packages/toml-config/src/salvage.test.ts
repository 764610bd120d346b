import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { choice } from "./keys.ts";
import { salvageKey } from "./salvage.ts";

const key = choice({ default: "text", choices: ["text", "json"], doc: "" });

function fileOf(t: TestContext, text: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), "salvage-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "c.toml");
  writeFileSync(file, text);
  return file;
}

const settingOf = (text: string) => ({ path: ["log_format"], text, source: "--set" });

test("a key above the sections is found in a file that is not TOML, not UTF-8 or has other mistakes", (t) => {
  const found = (text: string | Buffer) => salvageKey(key, "log_format", fileOf(t, text), []);
  assert.equal(found('log_format = "json"\n[udp\n'), "json");
  assert.equal(found('oops oops\n  "log_format"="json" # for the collector\r\n'), "json");
  assert.equal(found('\uFEFFlog_format = "json"\nport = "x'), "json");
  assert.equal(found(Buffer.from('log_format = "json"\n# \xff\n', "latin1")), "json");
});

test("what stands in a section, in a comment or under another name does not count", (t) => {
  const found = (text: string) => salvageKey(key, "log_format", fileOf(t, text), []);
  assert.equal(found('[udp]\nlog_format = "json"\n'), "text");
  assert.equal(found('# log_format = "json"\nmy_log_format = "json"\n'), "text");
  assert.equal(found('log_format = "xml"\n'), "text");
});

test("settings count before the file, the last of them first, and one with a bad value not at all", (t) => {
  const file = fileOf(t, 'log_format = "json"\noops');
  assert.equal(salvageKey(key, "log_format", file, [settingOf("text")]), "text");
  assert.equal(salvageKey(key, "log_format", file, [settingOf("xml")]), "json");
  const none = "no such file";
  assert.equal(salvageKey(key, "log_format", none, []), "text");
  assert.equal(salvageKey(key, "log_format", none, [settingOf("text"), settingOf("json")]), "json");
  assert.equal(salvageKey(key, "log_format", undefined, [settingOf('"json"')]), "json");
  const elsewhere = { path: ["udp", "log_format"], text: "json", source: "--set" };
  assert.equal(salvageKey(key, "log_format", none, [elsewhere]), "text");
});
