import assert from "node:assert/strict";
import { test } from "node:test";
import { Waivers } from "./waivers.ts";

const problem = (path: string, text = "x") => ({ path, line: 1, text });

test("a waiver lets pass one rule in a file, a folder, or one name of a file", () => {
  const waivers = new Waivers({
    sizes: { "a.ts": "why", "folder/": "why" },
    dead: { "b.ts#kept": "why" },
  });
  assert.equal(waivers.lets("sizes", problem("a.ts")), true);
  assert.equal(waivers.lets("sizes", problem("folder/deep/c.ts")), true);
  assert.equal(waivers.lets("sizes", problem("folder.ts")), false);
  assert.equal(waivers.lets("other", problem("a.ts")), false);
  assert.equal(waivers.lets("dead", problem("b.ts", '"kept" is used by nobody')), true);
  assert.equal(waivers.lets("dead", problem("b.ts", '"keptToo" is used by nobody')), false);
});

test("a waiver that nothing needed is named", () => {
  const waivers = new Waivers({ sizes: { "a.ts": "why", "b.ts": "why" } });
  waivers.lets("sizes", problem("a.ts"));
  assert.deepEqual(waivers.unused(), ["sizes b.ts"]);
});
