import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { start } from "./services/testing/statistics-tracker.ts";

const TIMEOUT = { timeout: 60_000 };

const ROOT = new URL("../../../", import.meta.url);
const page = readFileSync(new URL("docs/security.md", ROOT), "utf8");

const filesIn = (folder: string): string[] =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: "utf8" });

test("each test that docs/security.md names is there", () => {
  const tests = readdirSync(new URL("packages", ROOT)).flatMap((room) =>
    filesIn(`packages/${room}`)
      .filter((path) => path.startsWith("src/") && path.endsWith(".test.ts"))
      .map((path) => `${room}/${basename(path)}`),
  );
  const named = page.match(/[\w-]+(?:\/[\w-]+)?\.test\.ts/g) ?? [];
  assert.ok(named.length > 30, `${named.length} tests named`);
  const isThere = (name: string) => tests.some((path) => `/${path}`.endsWith(`/${name}`));
  assert.deepEqual(
    named.filter((name) => !isThere(name)),
    [],
  );
});

test("each fault that it names is one of the suite", () => {
  const folder = "packages/faults/src/faults";
  const suite = filesIn(folder).map((path) =>
    readFileSync(new URL(`${folder}/${path}`, ROOT), "utf8"),
  );
  const names =
    suite
      .join("\n")
      .match(/^ +name: .*/gm)
      ?.join("\n") ?? "";
  const named = [...page.matchAll(/faults: (\w+)/g)].map(([, word = ""]) => word);
  assert.ok(named.length > 2);
  assert.deepEqual(
    named.filter((word) => !names.includes(word)),
    [],
  );
});

test(
  "each counter that it names is in /metrics, with the labels that it has there",
  TIMEOUT,
  async (t) => {
    const { page: address } = await start(t, 'page_address = "127.0.0.1:0"');
    const metrics = await (await fetch(`${address}metrics`)).text();
    const samples = metrics.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const isThere = (name: string) => {
      const [, stem = "", labels = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(name) ?? [];
      const wanted = labels === "" ? [] : labels.split(",");
      return samples.some(
        (line) => /^\w+/.exec(line)?.[0] === stem && wanted.every((label) => line.includes(label)),
      );
    };
    const named = page.match(/swarmtide_[a-z_]+(?:\{[^}]*\})?/g) ?? [];
    assert.ok(named.length > 30, `${named.length} counters named`);
    assert.deepEqual(
      named.filter((name) => !isThere(name)),
      [],
    );
  },
);
