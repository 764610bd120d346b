/**
 * How long an access list takes to read and build, and what a look-up costs.
 *
 * `node packages/swarm/dist/access-list/bench/access-list.bench.js` runs it with a million entries, the test beside it with
 * a thousand. Half of the look-ups are for listed info hashes, in no order the memory likes.
 */
import { randomFillSync } from "node:crypto";
import { pathToFileURL } from "node:url";
import { AccessList } from "../access-list.ts";
import { AccessListParser } from "../access-list-file.ts";

/** What one run measured. */
export interface AccessListBenchResult {
  readonly fileBytes: number;
  readonly parseMilliseconds: number;
  readonly buildMilliseconds: number;
  readonly memoryBytes: number;
  readonly nanosecondsPerLookUp: number;
  /** Look-ups that were allowed: half of them, or something is broken. */
  readonly allowed: number;
}

/** Reads, builds and asks a list of `entries` random info hashes. */
export function runAccessListBench(entries: number, lookUps: number): AccessListBenchResult {
  const hashes = randomFillSync(Buffer.allocUnsafe(entries * 20));
  const hex = hashes.toString("hex");
  const lines: string[] = [];
  for (let i = 0; i < entries; i++) lines.push(hex.slice(i * 40, i * 40 + 40));
  const file = Buffer.from(`${lines.join("\n")}\n`);

  const start = performance.now();
  const parser = new AccessListParser(file.length);
  parser.add(file);
  const parsed = parser.finish();
  const parsedAt = performance.now();
  const handle = AccessList.build({ mode: "allow", hashes: parsed });
  const builtAt = performance.now();

  const list = AccessList.attach(handle);
  const asked = new Int32Array(2 * entries * 5);
  new Uint8Array(asked.buffer).set(parsed);
  randomFillSync(asked, entries * 5);
  let allowed = 0;
  let which = 0;
  const askedAt = performance.now();
  for (let i = 0; i < lookUps; i++) {
    // A large odd step visits listed and unlisted ones in turn, far apart.
    which = (which + entries + 7919) % (2 * entries);
    if (list.allows(asked, which * 5)) allowed++;
  }
  const doneAt = performance.now();
  return {
    fileBytes: file.length,
    parseMilliseconds: parsedAt - start,
    buildMilliseconds: builtAt - parsedAt,
    memoryBytes: handle.memory.byteLength,
    nanosecondsPerLookUp: ((doneAt - askedAt) * 1e6) / lookUps,
    allowed,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const entries = 1_000_000;
  const lookUps = 4_000_000;
  const result = runAccessListBench(entries, lookUps);
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  console.log(`${entries} entries, ${mebibytes(result.fileBytes)} MiB of file:`);
  console.log(`  parse ${result.parseMilliseconds.toFixed(0)} ms`);
  console.log(
    `  build ${result.buildMilliseconds.toFixed(0)} ms, ${mebibytes(result.memoryBytes)} MiB`,
  );
  console.log(
    `  look-up ${result.nanosecondsPerLookUp.toFixed(0)} ns (${result.allowed} of ${lookUps} allowed)`,
  );
}
