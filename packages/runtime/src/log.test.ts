import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { createLogger, LOG_LEVELS, type LogLevel, type LogSettings } from "./log.ts";

/** A logger into memory, at a fixed time. */
function memoryLog(settings: LogSettings) {
  const lines: string[] = [];
  const now = () => new Date(Date.UTC(2026, 10, 22, 15, 4, 5, 67));
  const write = (line: string) => lines.push(line);
  return { lines, log: createLogger(settings, "main", { write, now }) };
}

test("a line of text has time, level, part, message and facts", () => {
  const { lines, log } = memoryLog({ logLevel: "info", logFormat: "text" });
  log.info("access list loaded", { entries: 12, mode: "allow" });
  log.for("udp-1").warn("slow");
  assert.deepEqual(lines, [
    "2026-11-22T15:04:05.067Z INFO  main: access list loaded entries=12 mode=allow\n",
    "2026-11-22T15:04:05.067Z WARN  udp-1: slow\n",
  ]);
});

test("a line of JSON carries the same", () => {
  const { lines, log } = memoryLog({ logLevel: "info", logFormat: "json" });
  log.error('a "b"\nc', { entries: 12 });
  assert.equal(lines[0]?.indexOf("\n"), (lines[0] ?? "").length - 1);
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    time: "2026-11-22T15:04:05.067Z",
    level: "error",
    part: "main",
    message: 'a "b"\nc',
    entries: 12,
  });
});

test("each level includes those before it and none after it", () => {
  const written = (logLevel: LogLevel) => {
    const { lines, log } = memoryLog({ logLevel, logFormat: "text" });
    log.error("e");
    log.warn("w");
    log.info("i");
    log.debug("d");
    return lines.map((line) => line.trimEnd().slice(-1)).join("");
  };
  assert.deepEqual(LOG_LEVELS.map(written), ["", "e", "ew", "ewi", "ewid"]);
});

test("control characters stay visible, and further lines of a message are indented", () => {
  const { lines, log } = memoryLog({ logLevel: "info", logFormat: "text" });
  log.info("a\n2026 ERROR main: forged\x1b[31m\r\u2028\x9b", { peer: "x\ny" });
  assert.deepEqual(lines[0]?.split("\n"), [
    "2026-11-22T15:04:05.067Z INFO  main: a",
    "    2026 ERROR main: forged\\u001b[31m\\u000d\\u2028\\u009b peer=x\\u000ay",
    "",
  ]);
});

test("lines reach stderr from the main thread and from a worker that never runs its event loop", () => {
  const source = `
    import { createLogger } from ${JSON.stringify(new URL("./log.js", import.meta.url).href)};
    import { Worker, isMainThread } from "node:worker_threads";
    createLogger({ logLevel: "info", logFormat: "text" }, isMainThread ? "main" : "worker").info("é".repeat(3));
    if (isMainThread) {
      const done = new SharedArrayBuffer(4);
      const spin = "import('node:worker_threads').then(async (threads) => {" +
        "const source = threads.workerData.source; await import(source);" +
        "Atomics.store(new Int32Array(threads.workerData.done), 0, 1); for (;;);})";
      const self = "data:text/javascript," + encodeURIComponent(process.argv[1]);
      const worker = new Worker(spin, { eval: true, workerData: { done, source: self } });
      while (Atomics.load(new Int32Array(done), 0) === 0) await new Promise((turn) => setTimeout(turn, 1));
      await worker.terminate();
    }`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", source, source]);
  const lines = run.stderr.toString().split("\n");
  assert.match(lines[0] ?? "", /INFO {2}main: ééé$/, lines.join("\n"));
  assert.match(lines[1] ?? "", /INFO {2}worker: ééé$/, lines.join("\n"));
});

test("a reader that has gone away does not stop the program", () => {
  const source = `
    import { closeSync } from "node:fs";
    import { createLogger } from ${JSON.stringify(new URL("./log.js", import.meta.url).href)};
    closeSync(2);
    createLogger({ logLevel: "info", logFormat: "text" }, "main").info("to nobody");
    console.log("alive");`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", source]);
  assert.equal(run.stdout.toString(), "alive\n");
});
