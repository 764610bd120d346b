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
import { aquaticProgram, buildFloor, installAquatic } from "../harness/rivals.ts";
import { configFile } from "../harness/servers.ts";
import {
  Cable,
  CLIENT_INTERFACE,
  coreBusySeconds,
  SERVER_ADDRESS,
  SERVER_INTERFACE,
} from "./cable.ts";
import { passFramesNatively } from "./native-pass.ts";
import { HONEST_RATE, LOADS, tableOf, type XdpRound } from "./table.ts";

const SERVER_CPU = 0;
const CLIENT_CPU = 1;
const PORT = 3000;
/** Left out: the store fills and code is compiled. */
const WARMUP_SECONDS = 2;
const FLOOD_SECONDS_MORE = 2;
const TORRENTS = 1_000_000;
/** Forged datagrams a second. */
const FLOOD_RATE = 1_000_000;
/** Requests on the way: enough for full batches on both sides. */
const WINDOW = 1024;
const program = fileURLToPath(new URL("../../../tracker/bin/swarmtide.js", import.meta.url));
const floodScript = fileURLToPath(new URL("./flood.js", import.meta.url));

const swarmtide = (folder: string, engine: string, mode: string): readonly string[] => [
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
xdp_mode = "${mode}"
`,
  ),
];

type Command = (folder: string, xdpMode: string) => readonly string[];

const SERVERS: Readonly<Record<string, Command>> = {
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
  "swarmtide mmsg": (folder) => swarmtide(folder, "mmsg", "auto"),
  "swarmtide xdp": (folder, mode) => swarmtide(folder, "xdp", mode),
};

async function round(
  cable: Cable,
  load: string,
  server: string,
  seconds: number,
): Promise<XdpRound> {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-xdp-"));
  const isFlooded = LOADS[load]?.isFlooded === true;
  // A flood comes as from a card's driver; servers on sockets get it through a program that passes everything on.
  const isXdp = server === "swarmtide xdp";
  const detach = isFlooded && !isXdp ? passFramesNatively(SERVER_INTERFACE) : () => {};
  const command = SERVERS[server]?.(folder, isFlooded ? "native" : "generic") ?? [];
  const serving = pinned(SERVER_CPU, command);
  try {
    await pause(1500);
    if (isFlooded) cable.receiveInThread(SERVER_CPU);
    const begin = isFlooded ? beginFlooded : beginWindow;
    const result = begin(cable, load, seconds, folder);
    await pause(WARMUP_SECONDS * 1000);
    const [busyBefore, receivedBefore] = [coreBusySeconds(SERVER_CPU), cable.received];
    const begun = performance.now();
    await pause(seconds * 1000);
    const elapsed = (performance.now() - begun) / 1000;
    const coreBusy = (coreBusySeconds(SERVER_CPU) - busyBefore) / elapsed;
    const arrived = (cable.received - receivedBefore) / elapsed;
    const rest = await result;
    const floodPerSecond = isFlooded ? arrived - HONEST_RATE : 0;
    return { ...{ load, server, coreBusy, floodPerSecond }, ...rest };
  } finally {
    await stop(serving);
    detach();
    rmSync(folder, { recursive: true, force: true });
  }
}

type LoadResult = Pick<XdpRound, "responsesPerSecond" | "errors" | "answeredShare">;

/** As many requests as are answered, by the load in C: engine `xdp` answers more than `load-test udp` asks. */
async function beginWindow(cable: Cable, load: string, seconds: number): Promise<LoadResult> {
  const numbers = [
    PORT,
    seconds,
    WARMUP_SECONDS,
    ...(LOADS[load]?.weights ?? []),
    TORRENTS,
    WINDOW,
  ];
  const child = cable.start([buildFloor("udp-window"), SERVER_ADDRESS, ...numbers.map(String)]);
  const { right, wrong, sent, perSecond } = JSON.parse(await outputOf(child));
  const answeredShare = Math.min(1, right / sent);
  return { responsesPerSecond: perSecond, errors: wrong, answeredShare };
}

/** Honest clients at a low rate, each answer checked, beside a flood. */
async function beginFlooded(
  cable: Cable,
  _load: string,
  seconds: number,
  folder: string,
): Promise<LoadResult> {
  const flood = cable.start([
    ...[process.execPath, floodScript, CLIENT_INTERFACE, cable.serverMac, SERVER_ADDRESS],
    ...[PORT, seconds + WARMUP_SECONDS + FLOOD_SECONDS_MORE, FLOOD_RATE].map(String),
  ]);
  const flooded = outputOf(flood);
  const config = configFile(folder, honestLoad(seconds), "load.toml");
  const command = [process.execPath, program, "load-test", "udp", "--json", "-c", config];
  const report = JSON.parse(await outputOf(cable.start(command, -10)));
  const kinds = Object.values(report.perType) as { sent: number; answered: number }[];
  const sum = (key: "sent" | "answered") => kinds.reduce((total, kind) => total + kind[key], 0);
  const { responsesPerSecond, errors } = report;
  const answeredShare = sum("answered") / sum("sent");
  await flooded;
  return { responsesPerSecond, errors, answeredShare };
}

const honestLoad = (seconds: number): string =>
  `server_address = "${SERVER_ADDRESS}:${PORT}"
duration = ${seconds + WARMUP_SECONDS}
target_rate = ${HONEST_RATE}
[network]
timeout = 1000
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
  return text.slice(Math.max(0, text.indexOf("{")));
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
    buildFloor("udp-window");
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
