import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "@swarmtide/test-kit";

const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));
const bin = fileURLToPath(new URL("../bin/", import.meta.url));

/** What each program prints. webtorrent-page.html is driven in a browser by transfer/browser.test.ts. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  "announce.mjs": /^1 seeder, 1 leecher; the leecher gets 1 peer\nthe scrape counts 1 and 1\n$/,
  "embed-tracker.mjs":
    /^udp:\/\/127\.0\.0\.1:[1-9]\d*\/announce\nhttp:\/\/127\.0\.0\.1:[1-9]\d*\/announce\nws:\/\/127\.0\.0\.1:[1-9]\d*\/announce\n$/,
};

for (const name of readdirSync(examples).filter((file) => file.endsWith(".mjs")))
  test(`the example ${name} runs, prints what it says and ends`, async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(examples, name)]);
    assert.match(stdout, PRINTED[name] ?? assert.fail(`${name} has no expectation here`));
    assert.equal(stderr, "");
  });

test("a clone that is not compiled says how to compile it", async (t) => {
  const clone = temporaryFolder(t);
  mkdirSync(join(clone, "bin"));
  cpSync(bin, join(clone, "bin"), { recursive: true });
  cpSync(join(bin, "../package.json"), join(clone, "package.json"));
  const run = promisify(execFile)(process.execPath, [join(clone, "bin/swarmtide.js")]);
  await assert.rejects(run, {
    code: 1,
    stderr: "swarmtide is not compiled yet: run npm ci && npm run build\n",
  });
});
