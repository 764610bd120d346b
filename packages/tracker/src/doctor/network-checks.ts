/**
 * What of the kernel's network settings loses packets or connections. Sources: ip-sysctl.rst, sysctl/net.rst and
 * networking/scaling.rst of the kernel's documentation, proc_net_snmp(5). Called by `examine`.
 */
import { grantedReceiveBufferBytes } from "@swarmtide/linux";
import { udpPlacesOf } from "@swarmtide/udp";
import type { TrackerConfig } from "../config.ts";
import type { Finding } from "./finding.ts";
import { type Host, readNumber } from "./host.ts";

const RMEM_MAX = "/proc/sys/net/core/rmem_max";
const SOMAXCONN = "/proc/sys/net/core/somaxconn";
const CONNTRACK_MAX = "/proc/sys/net/netfilter/nf_conntrack_max";
const CONNTRACK_COUNT = "/proc/sys/net/netfilter/nf_conntrack_count";
/** A tracker's clients come back each quarter of an hour, and a flow of UDP is remembered for half a minute to two. */
const CONNTRACK_FULL_SHARE = 0.8;

/**
 * UDP: the receive buffer, and what it has lost so far. `grantedTo` asks the kernel: with CAP_NET_ADMIN it grants more than
 * rmem_max, but the doctor is often started by root and the tracker is not.
 */
export function checkReceiveBuffer(
  { udp }: TrackerConfig,
  host: Host,
  grantedTo: (wantedBytes: number) => number = grantedReceiveBufferBytes,
): Finding[] {
  if (!udp.enabled) return [];
  const findings: Finding[] = [receiveBuffer(udp.socketRecvBufferSize, host, grantedTo)];
  const lost = receiveBufferErrors(host);
  if (lost !== undefined && lost > 0)
    findings.push({
      what: "datagrams lost",
      grade: "note",
      reason: `${lost} datagrams of this host found a full receive buffer since it started, whoever they were for (nstat -az UdpRcvbufErrors)`,
    });
  return findings;
}

function receiveBuffer(
  wanted: number,
  host: Host,
  grantedTo: (wantedBytes: number) => number,
): Finding {
  const what = "receive buffer";
  if (wanted === 0) return { what, grade: "ok", reason: "the system's default" };
  const granted = grantedTo(wanted);
  const rmemMax = readNumber(host, RMEM_MAX) ?? granted;
  const reason = `udp.socket_recv_buffer_size = ${wanted}, net.core.rmem_max = ${rmemMax}`;
  const remedy = `sysctl -w net.core.rmem_max=${wanted}`;
  if (granted < wanted) {
    const loss = `the kernel grants ${granted} bytes, so a worker that is busy loses datagrams earlier`;
    return { what, grade: "error", reason: `${reason}: ${loss}`, remedy };
  }
  if (rmemMax < wanted) {
    const who = "enough for this process, which has CAP_NET_ADMIN, and too little for a tracker";
    return { what, grade: "warning", reason: `${reason}: ${who} that runs without it`, remedy };
  }
  return { what, grade: "ok", reason };
}

/** RcvbufErrors of both families, as /proc/net/snmp counts them for all sockets. */
function receiveBufferErrors(host: Host): number | undefined {
  const lines = (host.read("/proc/net/snmp") ?? "")
    .split("\n")
    .filter((one) => one.startsWith("Udp:"));
  const [names = [], values = []] = lines.map((line) => line.split(" "));
  const at = names.indexOf("RcvbufErrors");
  return at < 0 ? undefined : Number(values[at]);
}

/** TCP: how many connections may wait to be accepted. */
export function checkBacklog(config: TrackerConfig, host: Host): Finding[] {
  if (!config.http.enabled && !config.ws.enabled) return [];
  const granted = readNumber(host, SOMAXCONN);
  const wanted = config.web.tcpBacklog;
  if (granted === undefined || granted >= wanted) return [];
  return [
    {
      what: "TCP backlog",
      grade: "warning",
      reason: `web.tcp_backlog = ${wanted}, net.core.somaxconn = ${granted}: connections of a burst beyond that are refused`,
      remedy: `sysctl -w net.core.somaxconn=${wanted}`,
    },
  ];
}

/** Connection tracking sees a flow in every client of a UDP tracker, and drops packets when its table is full. */
export function checkConntrack({ udp }: TrackerConfig, host: Host): Finding[] {
  const most = readNumber(host, CONNTRACK_MAX);
  const count = readNumber(host, CONNTRACK_COUNT);
  if (!udp.enabled || most === undefined || count === undefined) return [];
  const ports = [...new Set(udpPlacesOf(udp).map(({ port }) => port))].join(", ");
  const isFull = count >= most * CONNTRACK_FULL_SHARE;
  return [
    {
      what: "connection tracking",
      // A table that nothing enters belongs to a module that no rule uses.
      grade: isFull ? "error" : count === 0 ? "note" : "warning",
      reason: `the firewall remembers ${count} of at most ${most} flows (nf_conntrack): each client of a UDP tracker is one, and a full table drops packets of everybody`,
      remedy: `nft 'add table inet raw; add chain inet raw pre { type filter hook prerouting priority raw; }; add chain inet raw out { type filter hook output priority raw; }; add rule inet raw pre udp dport { ${ports} } notrack; add rule inet raw out udp sport { ${ports} } notrack'`,
    },
  ];
}

/** A card with one receive queue interrupts one core with every packet, unless the kernel spreads them. */
export function checkReceiveQueues(cores: number, host: Host): Finding[] {
  if (cores < 2) return [];
  const findings: Finding[] = [];
  for (const name of host.list("/sys/class/net")) {
    if (name === "lo") continue;
    const queues = host
      .list(`/sys/class/net/${name}/queues`)
      .filter((one) => one.startsWith("rx-"));
    const isUp = host.read(`/sys/class/net/${name}/operstate`) === "up";
    if (!isUp || queues.length !== 1) continue;
    const mask = host.read(`/sys/class/net/${name}/queues/rx-0/rps_cpus`) ?? "";
    if (/[1-9a-f]/.test(mask)) continue;
    const all = ((1n << BigInt(cores)) - 1n).toString(16);
    findings.push({
      what: `receive queue of ${name}`,
      grade: "warning",
      reason: `${name} has one receive queue and RPS is off: one of ${cores} cores does the kernel's work for all packets`,
      remedy: `echo ${all} > /sys/class/net/${name}/queues/rx-0/rps_cpus`,
    });
  }
  return findings;
}

/** Behind a container's proxy every client has the proxy's address. */
export function checkContainer(host: Host): Finding[] {
  const isContainer =
    host.read("/.dockerenv") !== undefined || host.read("/run/.containerenv") !== undefined;
  if (!isContainer) return [];
  const routes = (host.read("/proc/net/route") ?? "").split("\n").slice(1);
  // The default route's gateway, little endian: 010011AC is 172.17.0.1, the bridge of Docker.
  const isBridged = routes.some((line) => /^\S+\t00000000\t[0-9A-F]{6}(AC|0A)\t/.test(line));
  if (!isBridged) return [];
  return [
    {
      what: "container network",
      grade: "warning",
      reason:
        "this container reaches the world over a bridge: where a userland proxy or masquerading stands in between, every client has its address, and all peers of a torrent look like one host",
      remedy: "run the container with --network host",
    },
  ];
}
