import assert from "node:assert/strict";
import { test } from "node:test";
import { ResidentMemory } from "./resident-memory.ts";

test("resident memory is told where /proc is there, and through Node where it is not", () => {
  for (const path of ["/proc/self/status", "/nowhere"]) {
    const memory = new ResidentMemory(path);
    const bytes = memory.read();
    const rss = process.memoryUsage.rss();
    assert.ok(bytes > rss / 2 && bytes < rss * 2, `${path}: ${bytes}, not near ${rss}`);
    memory.close();
  }
});
