/** Hosts that have less than usual: no IPv6, no IPv4, few descriptors; and values that no tracker can work with. */
import { spawnSync } from "node:child_process";
import { UdpPeers } from "../clients/udp-peers.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { CONFIG, type Fault, type FaultContext, type Outcome } from "./fault.ts";

const REFUSED_MILLISECONDS = 5000;

/** A network of its own, with loopback and without IPv6: `net.ipv6.conf` is of the namespace. */
const WITHOUT_IPV6 = [
  ...["unshare", "--net", "/bin/sh", "-c"],
  'ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && exec "$0" "$@"',
];

function namespacesMissing(): string | undefined {
  const tried = spawnSync("unshare", ["--net", "ip", "link"], { encoding: "utf8" });
  return tried.status === 0 ? undefined : `no network namespace can be made here: ${tried.stderr}`;
}

async function withoutIpv6({ scope }: FaultContext): Promise<Outcome> {
  const tracker = TrackerProcess.spawn(scope, {
    config: "",
    wrap: WITHOUT_IPV6,
  });
  await tracker.says(/^Point clients at /m, 0, REFUSED_MILLISECONDS);
  const told = /WARN .*IPv6.*/i.exec(tracker.output)?.[0] ?? "nothing said";
  const { code } = await tracker.stop();
  return { holds: code === 0, seen: `starts on defaults; ${told.slice(0, 160)}` };
}

async function fewDescriptors({ scope }: FaultContext): Promise<Outcome> {
  const wrap = ["/bin/sh", "-c", 'ulimit -n 64 && exec "$0" "$@"'];
  const tracker = TrackerProcess.spawn(scope, { config: CONFIG, wrap });
  const code = await Promise.race([
    tracker.ended(),
    new Promise((resolve) => setTimeout(resolve, REFUSED_MILLISECONDS, "still running")),
  ]);
  const lines = tracker.output.trim().split("\n");
  return {
    holds: code === 1 && lines.length === 1 && /ulimit -n|descriptor/.test(tracker.output),
    seen: `code ${code}: ${lines.at(-1)?.slice(0, 200)}`,
  };
}

async function fewerThanConnections({ scope }: FaultContext): Promise<Outcome> {
  const wrap = ["/bin/sh", "-c", 'ulimit -n 1024 && exec "$0" "$@"'];
  const tracker = await TrackerProcess.start(scope, { config: CONFIG, wrap });
  const peers = await UdpPeers.open(tracker.ports().udp);
  const reply = await peers.announce({ infoHash: Buffer.alloc(20, 1), port: 1 });
  peers.close();
  const told = /WARN .*?(web\.max_connections.*open files.*)/.exec(tracker.output)?.[1];
  const { code } = await tracker.stop();
  return {
    holds: code === 0 && typeof reply === "object" && told !== undefined,
    seen: told ?? "nothing is said of it",
  };
}

/** Values that are refused, with what the line has to name. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["[swarm]\nmax_memory = 1048576\n", /max_memory = 1048576.*65536/],
  ["[swarm]\nmax_memory = 10\n", /max_memory = 10.*at least 64/],
  ["[swarm]\nmax_peer_age = 600\n", /max_peer_age = 600.*announce_interval/],
  ["[ws]\nmax_peer_age = 100\n", /max_peer_age = 100.*announce_interval/],
];

async function impossibleValues({ scope }: FaultContext): Promise<Outcome> {
  const wrong: string[] = [];
  for (const [text, line] of REFUSED) {
    const tracker = TrackerProcess.spawn(scope, { config: CONFIG + text });
    const code = await Promise.race([
      tracker.ended(),
      new Promise((resolve) => setTimeout(resolve, REFUSED_MILLISECONDS, "still running")),
    ]);
    const name = text.trim().replace("\n", " ");
    if (code !== 1) wrong.push(`${name}: code ${code}`);
    else if (!line.test(tracker.output)) wrong.push(`${name}: ${tracker.output.trim()}`);
    tracker.signal("SIGKILL");
  }
  const seen = `${REFUSED.length - wrong.length} of ${REFUSED.length} refused`;
  return { holds: wrong.length === 0, seen: [seen, ...wrong].join("; ") };
}

export const hostFaults: readonly Fault[] = [
  {
    kind: "host",
    name: "IPv6 switched off, default configuration",
    isShort: true,
    missing: namespacesMissing,
    run: withoutIpv6,
  },
  { kind: "host", name: "64 descriptors (ulimit -n)", isShort: true, run: fewDescriptors },
  {
    kind: "host",
    name: "fewer descriptors than max_connections",
    isShort: true,
    run: fewerThanConnections,
  },
  {
    kind: "host",
    name: "values that no tracker can work with",
    isShort: true,
    run: impossibleValues,
  },
];
