/**
 * Two nodes of the program in one file meet over a real nats-server: what is announced at one is counted by the other. Called by
 * `npm run binary:test`.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

const DEADLINE_MILLISECONDS = 20_000;
const LOOK_MILLISECONDS = 100;

/** What the first pattern finds in the output of a process, once that has the second, too. */
async function printed(
  child: ChildProcess,
  pattern: RegExp,
  other: RegExp,
): Promise<RegExpExecArray> {
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      text += chunk;
    });
  const deadline = AbortSignal.timeout(DEADLINE_MILLISECONDS);
  for (;;) {
    const found = pattern.exec(text);
    if (found && other.test(text)) return found;
    if (child.exitCode !== null) throw new Error(`ended without ${pattern}:\n${text}`);
    const pause = AbortSignal.any([deadline, AbortSignal.timeout(LOOK_MILLISECONDS)]);
    await new Promise((resolve) => pause.addEventListener("abort", resolve, { once: true }));
    if (deadline.aborted) throw new Error(`printed no ${pattern} and ${other}:\n${text}`);
  }
}

function startNode(binary: string, name: string, port: string): ChildProcess {
  const settings = [
    `cluster.servers=["nats://127.0.0.1:${port}"]`,
    ...[`cluster.name=${name}`, 'statistics.page_address=""', "swarm.max_memory=64"],
    ...["udp.address_ipv4=127.0.0.1:0", "udp.use_ipv6=false"],
    ...["web.address_ipv4=127.0.0.1:0", "web.use_ipv6=false"],
  ];
  return spawn(
    binary,
    settings.flatMap((setting) => ["--set", setting]),
    { env: {}, stdio: ["ignore", "pipe", "pipe"] },
  );
}

/** Throws where they do not meet. Nothing where there is no nats-server, unless clients are required. */
export async function meetOverNats(binary: string, infoHash: string): Promise<void> {
  if (spawnSync("nats-server", ["--version"]).status !== 0) {
    if (process.env.SWARMTIDE_REQUIRE_CLIENTS === "1")
      throw new Error("nats-server is not installed: `npm run clients:install` brings it");
    console.log("nats-server is not installed: nodes of a cluster were not tried");
    return;
  }
  const nats = spawn("nats-server", ["-a", "127.0.0.1", "-p", "-1"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const children: ChildProcess[] = [nats];
  try {
    const listening = /Listening for client connections on \S+:(\d+)/;
    const [, port = ""] = await printed(nats, listening, /Server is ready/);
    const started = ["a", "b"].map(async (name) => {
      const node = startNode(binary, name, port);
      children.push(node);
      const [, url = ""] = await printed(node, /Point clients at (udp:\S+)/, /node [ab] joined/);
      return url;
    });
    const [a = "", b = ""] = await Promise.all(started);
    const announce = (url: string, ...more: string[]) =>
      execFileSync(binary, ["announce", ...more, url, infoHash], { encoding: "utf8" });
    announce(a, "--left", "0", "--port", "1001");
    const deadline = performance.now() + DEADLINE_MILLISECONDS;
    let answer = "";
    while (!/\b1 seeders/.test(answer)) {
      if (performance.now() > deadline)
        throw new Error(`b does not know the seeder that announced at a:\n${answer}`);
      answer = announce(b, "--port", "1002");
    }
    console.log(`a cluster of two: ${answer.split("\n")[1]}`);
  } finally {
    for (const child of children) {
      if (child.exitCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
  }
}
