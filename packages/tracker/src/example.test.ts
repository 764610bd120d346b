import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const example = fileURLToPath(new URL("../../../examples/embed-tracker.mjs", import.meta.url));

test("the example of a tracker in another program runs, names its ports and ends", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [example]);
  assert.match(
    stdout,
    /^udp:\/\/127\.0\.0\.1:[1-9]\d*\/announce\nhttp:\/\/127\.0\.0\.1:[1-9]\d*\/announce\nws:\/\/127\.0\.0\.1:[1-9]\d*\/announce\n$/,
  );
  assert.equal(stderr, "");
});
