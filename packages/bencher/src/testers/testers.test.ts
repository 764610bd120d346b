import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./testers.js", import.meta.url));

test("a protocol without a floor is refused with those that have one", () => {
  const { status, stderr } = spawnSync(process.execPath, [program, "--only", "ws"], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /^--only: "ws" is neither udp nor http\nusage: /);
});
