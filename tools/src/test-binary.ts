/**
 * `npm run binary:test`: builds the program in one file and uses it. First as root in a folder that holds nothing but it and the
 * shared libraries that it names (chroot: no Node, no shell, no /proc): it prints its version, serves, is announced to over UDP,
 * HTTP and WebTorrent, and stops on SIGTERM. Then two nodes meet over a nats-server (binary-cluster.ts), and the program tests, which start `swarmtide` as a process, start this file instead;
 * `--short` leaves them out.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { meetOverNats } from "./binary-cluster.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BINARY = join(ROOT, "dist/swarmtide");
const CHROOT = "/usr/sbin/chroot";
const HASH = "0123456789abcdef0123456789abcdef01234567";
/** Tests whose subject is the program as an operator sees it, whatever it is made of. */
const PROGRAM_TESTS = [
  ...["program.test", "program-mistakes", "reload-signal", "snapshot.test", "client-commands"],
  ...["check-config", "completion", "several-addresses", "hostile-files", "http-https"],
  ...["webtorrent.test", "curl-examples", "privileges.test", "cluster.test"],
].map((part) => `tracker/dist/${part}`);

/** A root folder with the executable, what `ldd` says it loads, and a folder for temporary files. */
function emptyMachine(): string {
  const folder = mkdtempSync(join(tmpdir(), "swarmtide-machine-"));
  const libraries = execFileSync("ldd", [BINARY], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  for (const path of libraries) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(path, join(folder, path), { dereference: true });
  }
  cpSync(BINARY, join(folder, "swarmtide"));
  mkdirSync(join(folder, "tmp"));
  return folder;
}

function runIn(machine: string, ...args: string[]): string {
  const run = spawnSync(CHROOT, [machine, "/swarmtide", ...args], { encoding: "utf8", env: {} });
  if (run.status !== 0)
    throw new Error(`swarmtide ${args.join(" ")}: ${run.error ?? run.stdout + run.stderr}`);
  return run.stdout;
}

async function serveAlone(): Promise<void> {
  const machine = emptyMachine();
  try {
    console.log(`without Node, in ${machine}: ${runIn(machine, "--version").trim()}`);
    const options = [
      "--set",
      'statistics.page_address=""',
      "--set",
      "udp.address_ipv4=127.0.0.1:0",
    ];
    const web = ["--set", "web.address_ipv4=127.0.0.1:0", "--set", "swarm.max_memory=64"];
    const families = ["--set", "udp.use_ipv6=false", "--set", "web.use_ipv6=false"];
    const tracker = spawn(CHROOT, [machine, "/swarmtide", ...options, ...web, ...families], {
      env: {},
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(tracker, "close");
    let printed = "";
    for await (const chunk of tracker.stdout) {
      printed += String(chunk);
      if (printed.includes("Point clients")) break;
    }
    if (!/engine mmsg\).*engine epoll\)/s.test(printed))
      throw new Error(`expected the engines mmsg and epoll:\n${printed}`);
    const urls = [
      ...printed.matchAll(/(?:udp|http|ws):\/\/127\.0\.0\.1:\d+(?:\/announce)?(?= or|\n)/g),
    ];
    for (const [url] of urls)
      console.log(url, runIn(machine, "announce", url, HASH).split("\n")[1]);
    if (urls.length !== 3) throw new Error(`expected three protocols:\n${printed}`);
    tracker.kill("SIGTERM");
    const [code] = await ended;
    if (code !== 0) throw new Error(`it ended with code ${code} on SIGTERM`);
  } finally {
    rmSync(machine, { recursive: true });
  }
}

async function runProgramTests(): Promise<void> {
  const tests = spawn(process.execPath, [join(ROOT, "tools/dist/run-tests.js"), ...PROGRAM_TESTS], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, SWARMTIDE_PROGRAM: BINARY },
  });
  const [code] = await once(tests, "close");
  process.exitCode = code === 0 ? 0 : 1;
}

await serveAlone();
await meetOverNats(BINARY, HASH);
if (!process.argv.includes("--short")) await runProgramTests();
