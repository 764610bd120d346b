/**
 * The commands `swarmtide snapshot info`, `verify` and `export`: they look into the file that [snapshot] keeps, whether or not a
 * tracker runs. Exit code 0 for a sound file, 1 for a damaged one. Called by main.ts.
 */
import { type Command, type GivenOptions, OperatorError } from "@swarmtide/runtime";
import { exportSnapshot, inspectSnapshot, type SnapshotReport } from "@swarmtide/snapshot";

const FILE = { takesConfig: false, operands: ["FILE"] } as const;

const INFO: Command = {
  words: ["snapshot", "info"],
  summary: "print when a snapshot was written and what it holds",
  options: [{ long: "json", summary: "print it as JSON" }],
  ...FILE,
};

const VERIFY: Command = {
  words: ["snapshot", "verify"],
  summary: "check a snapshot from the first to the last byte",
  ...FILE,
};

/** Prints `info hash:seeders:leechers:completed`, a line for each torrent. */
const EXPORT: Command = {
  words: ["snapshot", "export"],
  summary: "print info hash, seeders, leechers and completed of all torrents of a snapshot",
  ...FILE,
};

export const SNAPSHOT_COMMANDS: readonly Command[] = [INFO, VERIFY, EXPORT];

/** Returns the exit code. Throws OperatorError where the file is not a snapshot. */
export function runSnapshotCommand(
  command: Command,
  { values, operands }: GivenOptions,
  print: (text: string) => void,
): number {
  const [path = ""] = operands;
  if (command === EXPORT) {
    const problems = exportSnapshot(path, print);
    if (problems.length === 0) return 0;
    throw new OperatorError(`${path}: ${problems.join("; ")}`, {
      code: "SWARMTIDE_SNAPSHOT_DAMAGED",
    });
  }
  const report = inspectSnapshot(path);
  if (command === VERIFY) print(describeSoundness(report));
  else if (values.has("json")) print(`${JSON.stringify(report)}\n`);
  else print(describeContent(report));
  return report.isWhole ? 0 : 1;
}

function describeContent(report: SnapshotReport): string {
  const written = new Date(report.writtenAtSeconds * 1000).toISOString().replace(".000Z", " UTC");
  return [
    `written    ${written.replace("T", " ")}`,
    `size       ${report.bytes} bytes in ${report.chunks} chunks, compression ${report.compression}`,
    `records    ${report.records}`,
    `peers      ${report.peersIpv4} over IPv4, ${report.peersIpv6} over IPv6`,
    `condition  ${describeSoundness(report)}`,
  ].join("\n");
}

function describeSoundness({ isWhole, problems, records }: SnapshotReport): string {
  if (isWhole) return `whole: ${records} records, every checksum is right\n`;
  return `damaged\n${problems.map((problem) => `  ${problem}\n`).join("")}`;
}
