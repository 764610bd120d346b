import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOPBACK_CONFIG, startProgram } from "@swarmtide/test-kit";
import { tooFewForConnections, tooFewForThreads, tooFewToLoad } from "./open-files.ts";

const skip = process.platform === "linux" ? false : "ulimit -n is for Linux here";

test("an unknown limit is not an obstacle", () => {
  assert.equal(tooFewToLoad(undefined), undefined);
  assert.equal(tooFewForThreads(undefined, 100), undefined);
  assert.equal(tooFewForConnections(undefined, 4, 65_536), undefined);
});

test("each message has the limit, what is needed, and the remedy", () => {
  assert.match(
    tooFewToLoad(64) ?? "",
    /^the limit of open files is 64 .* at least 128 .*LimitNOFILE=/,
  );
  assert.match(
    tooFewForThreads(256, 12) ?? "",
    /is 256 .* starting 12 threads takes 784; .* or lower workers/,
  );
  assert.equal(tooFewForThreads(784, 12), undefined);
  assert.match(
    tooFewForConnections(1024, 4, 65_536) ?? "",
    /^web\.max_connections = 65536: .* 1024 .* about 920; /,
  );
  assert.equal(tooFewForConnections(1024, 4, 920), undefined);
});

test("with 64 descriptors the program ends with one line", { skip, timeout: 60_000 }, async (t) => {
  const program = startProgram(t, LOOPBACK_CONFIG, { openFiles: 64 });
  assert.equal(await program.ended(), 1);
  assert.match(program.stderr, /^the limit of open files is 64 \(ulimit -n\), .*\n$/);
  assert.equal(program.stdout, "");
});

test("with fewer descriptors than its threads need it ends with one line", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const config = LOOPBACK_CONFIG.replace("[udp]", "[udp]\nworkers = 9");
  const program = startProgram(t, config, { openFiles: 256 });
  assert.equal(await program.ended(), 1);
  assert.match(
    program.stderr,
    /^the limit of open files is 256 \(ulimit -n\), starting 12 threads takes 784; .*\n$/,
  );
});

test("with fewer descriptors than max_connections it says at the start how many fit", {
  skip,
  timeout: 60_000,
}, async (t) => {
  const program = startProgram(t, LOOPBACK_CONFIG, { openFiles: 384 });
  await program.output(
    /WARN {2}main: web\.max_connections = \d+: the limit of open files, 384 \(ulimit -n\), leaves room for about \d+;/,
  );
  await program.output(/Point clients at/);
  assert.equal(await program.end("SIGTERM"), 0);
});
