/**
 * The curl examples of docs/http.md, as they stand there, against the real program: what the page says they print is what
 * they print. `SWARMTIDE_REQUIRE_CLIENTS=1` makes a missing curl a failure instead of a skipped test.
 */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LOOPBACK_CONFIG, startProgram } from "@swarmtide/test-kit";

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const isRequired = process.env.SWARMTIDE_REQUIRE_CLIENTS === "1";
const skip = hasCurl || isRequired ? false : "curl is not installed";

/** One for each curl command of the page, in order. */
const PRINTED: readonly RegExp[] = [
  /^d8:completei1e.*10:incompletei0e.*5:peers0:e$/,
  /^d8:completei1e.*10:incompletei1e.*5:peersld2:ip9:127\.0\.0\.14:porti6881eeee$/,
  /^d5:filesd20:.*d8:completei1e10:downloadedi0e11:downloadersi1e10:incompletei1eee.*e$/,
  /^ok\n$/,
  /^d14:failure reason30:info_hash is not 20 bytes longe$/,
  /^HTTP\/1\.1 404 .*\/announce, \/scrape and \/health\n$/s,
  /^HTTP\/1\.1 405 .*\r\nAllow: GET, HEAD\r\n.*\n$/s,
];

test("the curl examples of the documentation print what it says", {
  skip,
  timeout: 60_000,
}, async (t) => {
  assert.ok(hasCurl, "curl is not installed");
  const page = readFileSync(
    fileURLToPath(new URL("../../../docs/http.md", import.meta.url)),
    "utf8",
  );
  const lines = [...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = ""]) =>
    block.split("\n"),
  );
  const settings = lines.filter((line) => /^\w+=/.test(line));
  const commands = lines.filter((line) => line.startsWith("curl "));
  assert.equal(commands.length, PRINTED.length);
  const program = startProgram(t, LOOPBACK_CONFIG, { args: ["http"] });
  const [url = ""] = await program.httpUrls();
  const shell = settings.join("\n").replace("http://127.0.0.1:3000", url);
  for (const [index, command] of commands.entries()) {
    const { stdout } = await promisify(execFile)("sh", ["-c", `${shell}\n${command}`]);
    assert.match(stdout, PRINTED[index] ?? /^$/, command);
  }
  assert.equal(await program.end("SIGTERM"), 0);
});
