/**
 * The bench of the engine `xdp`: it, engine `mmsg` and aquatic_udp in turn, each on one core, with the kernel's work for
 * its packets on that core too; clients at the other end of a cable. Called by `npm run bench:xdp`, as root on Linux.
 *
 * Rounds are interleaved and appended to a file, so that a busy machine can be measured in pieces; the table has medians of
 * all rounds in it. A rate counts replies that were checked; the core's busy share tells whether server or tester was full.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pinned, stop } from "../harness/pinned-process.ts";
import { aquaticProgram, installAquatic } from "../harness/rivals.ts";
import { configFile } from "../harness/servers.ts";
import { Cable, coreBusySeconds, SERVER_ADDRESS, SERVER_INTERFACE } from "./cable.ts";
import { HONEST_RATE, LOADS, tableOf, type XdpRound } from "./table.ts";

const SERVER_CPU = 0;
const CLIENT_CPU = 1;
const PORT = 3000;
/** Left out: the store fills and code is compiled. */
const WARMUP_SECONDS = 2;
const FLOOD_SECONDS_MORE = 2;
const program = fileURLToPath(new URL("../../../tracker/bin/swarmtide.js", import.meta.url));
const floodScript = fileURLToPath(new URL("./flood.js", import.meta.url));

const swarmtide = (folder: string, engine: string): readonly string[] => [
  ...[process.execPath, program, "udp", "-c"],
  configFile(
    folder,
    `[statistics]
page_address = ""
[limits]
exempt = ["10.9.0.0/24"]
[udp]
use_ipv6 = false
engine = "${engine}"
xdp_interface = "${engine === "xdp" ? SERVER_INTERFACE : ""}"
xdp_mode = "generic"
`,
  ),
];

const SERVERS: Readonly<Record<string, (folder: string) => readonly string[]>> = {
  aquatic_udp: (folder) => [
    aquaticProgram("aquatic_udp"),
    "-c",
    configFile(
      folder,
      `socket_workers = 1
[network]
address = "${SERVER_ADDRESS}:${PORT}"
socket_recv_buffer_size = 8000000
`,
    ),
  ],
  "swarmtide mmsg": (folder) => swarmtide(folder, "mmsg"),
  "swarmtide xdp": (folder) => swarmtide(folder, "xdp"),
};

async function round(
  cable: Cable,
  load: string,
  server: string,
  seconds: number,
): Promise<XdpRound> {
  const { lines, isFlooded } = LOADS[load] ?? { lines: [], isFlooded: false };
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-xdp-"));
  const serving = pinned(SERVER_CPU, SERVERS[server]?.(folder) ?? []);
  try {
    await pause(1500);
    const flood = isFlooded
      ? cable.start([
          ...[process.execPath, floodScript, SERVER_ADDRESS, `${PORT}`],
          `${seconds + WARMUP_SECONDS + FLOOD_SECONDS_MORE}`,
        ])
      : undefined;
    const flooded = flood && outputOf(flood);
    const config = configFile(folder, loadConfig(seconds, lines, isFlooded), "load.toml");
    const tester = cable.start(
      [process.execPath, program, "load-test", "udp", "--json", "-c", config],
      isFlooded ? -10 : 0,
    );
    const output = outputOf(tester);
    await pause(WARMUP_SECONDS * 1000);
    const [busyBefore, begun] = [coreBusySeconds(SERVER_CPU), performance.now()];
    const report = JSON.parse(await output);
    const busy = coreBusySeconds(SERVER_CPU) - busyBefore;
    const { responsesPerSecond, perType, errors } = report;
    const kinds = Object.values(perType) as { sent: number; answered: number }[];
    const sum = (key: "sent" | "answered") => kinds.reduce((total, kind) => total + kind[key], 0);
    return {
      ...{ load, server, responsesPerSecond, errors },
      answeredShare: sum("answered") / sum("sent"),
      coreBusy: busy / ((performance.now() - begun) / 1000),
      floodPerSecond: flooded === undefined ? 0 : JSON.parse(await flooded).perSecond,
    };
  } finally {
    await stop(serving);
    rmSync(folder, { recursive: true, force: true });
  }
}

const loadConfig = (seconds: number, lines: readonly string[], isFlooded: boolean): string =>
  `server_address = "${SERVER_ADDRESS}:${PORT}"
duration = ${seconds + WARMUP_SECONDS}
${isFlooded ? `target_rate = ${HONEST_RATE}` : ""}
[network]
in_flight_max = 2048
timeout = 1000
[requests]
${lines.join("\n")}
[limits]
max_lost_percent = 100
max_error_percent = 100
`;

async function outputOf(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (chunk) => (text += chunk));
  let errors = "";
  child.stderr?.on("data", (chunk) => (errors += chunk));
  await once(child, "close");
  if (text === "") throw new Error(`no output: ${errors}`);
  return text.slice(text.indexOf("{"));
}

const readRounds = (file: string): XdpRound[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "6" },
      rounds: { type: "string", default: "4" },
      loads: { type: "string", default: "mix,connects,flood" },
      append: { type: "string" },
      render: { type: "boolean", default: false },
    },
  });
  const file = values.append ?? join(mkdtempSync(join(tmpdir(), "swarmtide-xdp-")), "rounds.jsonl");
  if (values.render) {
    console.log(tableOf(readRounds(file), Object.keys(SERVERS)));
    return;
  }
  if (process.env.SWARMTIDE_BENCH_NETWORK === undefined) {
    installAquatic("aquatic_udp");
    const child = spawn("unshare", ["-nm", process.execPath, ...process.argv.slice(1)], {
      stdio: "inherit",
      env: { ...process.env, SWARMTIDE_BENCH_NETWORK: "own" },
    });
    [process.exitCode] = await once(child, "exit");
    return;
  }
  execFileSync("mount", ["--make-rprivate", "/"]);
  const cable = await Cable.lay(SERVER_CPU, CLIENT_CPU);
  for (let i = 0; i < Number(values.rounds); i++)
    for (const load of values.loads.split(","))
      for (const server of Object.keys(SERVERS)) {
        const result = await round(cable, load, server, Number(values.seconds));
        console.error(JSON.stringify(result));
        appendFileSync(file, `${JSON.stringify(result)}\n`);
      }
  cable.remove();
  if (existsSync(file)) console.log(tableOf(readRounds(file), Object.keys(SERVERS)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
