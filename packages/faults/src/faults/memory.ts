/** Faults against memory: budgets, floods and their scars, storms of connections. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { cgroupsMissing, limitedCgroup, makeCertificate } from "@swarmtide/test-kit";
import { floodTorrents, slowConnections, tlsStorm, vanishingUpgrades } from "../clients/storms.ts";
import { UdpPeers } from "../clients/udp-peers.ts";
import { TrackerProcess } from "../tracker-process.ts";
import { Bystander } from "./bystander.ts";
import { CONFIG, type Fault, type FaultContext, type Outcome, Watch } from "./fault.ts";

const MIB = 2 ** 20;
const CGROUP_MIB = 512;
const SWARM = Buffer.alloc(20, "one big swarm");
const FLOOD_A_SECOND = 40_000;
/** More than one arena of 1 MiB holds. */
const BIG_SWARM_PEERS = 160_000;
/** Long enough for all of these to be announced. */
const SCAR_AGE_SECONDS = 60;
const PEERS_PER_ADDRESS = 40_000;
/** Random info hashes that fill 64 MiB: 64 arenas of some 90 bytes a torrent. */
const FILLING_TORRENTS = 900_000;
/**
 * What is left of storms may be this much: buffers that have grown to their size, and garbage that V8 collects only when a
 * thread's heap grows again.
 */
const LEFT_MIB_MAX = 150;
/** And a second round may leave this much more: garbage, at whatever moment it is looked at. */
const GROWTH_MIB_MAX = 40;

const tlsConfig = (folder: string): string => {
  const { certificate, privateKey } = makeCertificate(folder, "storm");
  return `tls_address_ipv4 = "127.0.0.1:0"
tls_certificate_path = "${certificate}"
tls_private_key_path = "${privateKey}"
`;
};

async function smallContainer({ scope, size }: FaultContext): Promise<Outcome> {
  const processes = limitedCgroup(scope, CGROUP_MIB * MIB);
  const config = CONFIG + tlsConfig(scope.folder());
  const tracker = await TrackerProcess.start(scope, {
    config,
    wrap: ["/bin/sh", "-c", `echo $$ > ${processes} && exec "$0" "$@"`],
  });
  const [line] = await tracker.says(/^Memory: .*/m);
  const watch = new Watch(tracker);
  const { udp, http, https } = tracker.ports();
  const part = size === "full" ? 1 : 20;
  await Promise.all([
    floodTorrents(udp, 2_600_000 / part, FLOOD_A_SECOND),
    slowConnections(http, 800 / Math.min(part, 4), size === "full" ? 20_000 : 1500),
    tlsStorm(https, 800 / part),
  ]);
  const bystander = await Bystander.start(tracker.ports());
  await wait(1000);
  const { lost, sent, text } = bystander.stop();
  const { rssMib, descriptors } = watch.end();
  const most = readFileSync(join(dirname(processes), "memory.max_usage_in_bytes"), "utf8");
  const mostMib = Math.round(Number(most) / MIB);
  const { code } = await tracker.stop();
  return {
    holds: code === 0 && lost === 0 && sent > 0 && mostMib < CGROUP_MIB,
    seen: `${line}; the cgroup's most was ${mostMib} MiB`,
    ...{ rssMib, descriptors, lost: text },
  };
}

/** Fills a store of 64 MiB, then looks who gets in. */
async function fullStore({ scope }: FaultContext): Promise<Outcome> {
  const tracker = await TrackerProcess.start(scope, {
    config: `${CONFIG}[swarm]\nmax_memory = 64\n`,
  });
  const { udp } = tracker.ports();
  const peers = await UdpPeers.open(udp);
  for (let port = 1; port <= 20; port++) await peers.announce({ infoHash: SWARM, port });
  for (let port = 1; port <= 20; port++) await peers.announce({ infoHash: SWARM, port });
  const watch = new Watch(tracker);
  await floodTorrents(udp, FILLING_TORRENTS, FLOOD_A_SECOND);
  await tracker.says(/the swarm store is full/, 0, 15_000);
  const newcomers = Array.from({ length: 36 }, (_, at) => 1000 + at);
  for (const port of newcomers) await peers.announce({ infoHash: SWARM, port });
  const counts = await peers.scrape(SWARM);
  peers.close();
  const told = tracker.output.match(/the swarm store is full/g)?.length ?? 0;
  const { rssMib, descriptors } = watch.end();
  await tracker.stop();
  return {
    holds: counts?.leechers === 56 && told === 1,
    seen: `${(counts?.leechers ?? 0) - 20} of 36 newcomers stored, the operator told ${told} time`,
    ...{ rssMib, descriptors },
  };
}

/** Announces more peers of one torrent than a store of 64 MiB holds; how many are there then. */
async function bigSwarm(udpPort: number): Promise<number> {
  const sockets: UdpPeers[] = [];
  for (let sent = 0; sent < BIG_SWARM_PEERS; sent += PEERS_PER_ADDRESS) {
    const peers = await UdpPeers.open(udpPort, `127.0.2.${1 + sockets.length}`);
    sockets.push(peers);
    await peers.announceAll(SWARM, 1024, PEERS_PER_ADDRESS);
  }
  const counts = await sockets[0]?.scrape(SWARM);
  for (const peers of sockets) peers.close();
  return counts?.leechers ?? 0;
}

/** A flood that fills the store, its expiry, then one big swarm: as large a one as a fresh store holds. */
async function noScar({ scope }: FaultContext): Promise<Outcome> {
  const fresh = await TrackerProcess.start(scope, {
    config: `${CONFIG}[swarm]\nmax_memory = 64\n`,
  });
  const peersFresh = await bigSwarm(fresh.ports().udp);
  await fresh.stop();
  const config = `${CONFIG.replace("[web]", "peer_announce_interval = 10\n[web]")}[http]
peer_announce_interval = 10
peer_min_announce_interval = 5
[swarm]
max_memory = 64
max_peer_age = ${SCAR_AGE_SECONDS}
torrent_cleaning_interval = 1
`;
  const tracker = await TrackerProcess.start(scope, { config });
  const { udp } = tracker.ports();
  const watch = new Watch(tracker);
  await floodTorrents(udp, FILLING_TORRENTS, FLOOD_A_SECOND);
  await wait((SCAR_AGE_SECONDS + 10) * 1000);
  const peersAged = await bigSwarm(udp);
  const { rssMib, descriptors } = watch.end();
  await tracker.stop();
  return {
    holds: peersFresh > BIG_SWARM_PEERS / 2 && peersAged >= peersFresh * 0.99,
    seen: `one swarm has ${peersAged} peers after the flood, ${peersFresh} in a fresh store`,
    ...{ rssMib, descriptors },
  };
}

/** Storms of slow connections, plain and TLS, of WebSockets and of handshakes, twice: the second leaves no more behind. */
async function storms({ scope, size }: FaultContext): Promise<Outcome> {
  const isFull = size === "full";
  const config = CONFIG + tlsConfig(scope.folder());
  const tracker = await TrackerProcess.start(scope, { config });
  const { http, https } = tracker.ports();
  await wait(1000);
  const watch = new Watch(tracker);
  const count = isFull ? 5000 : 600;
  const bystander = await Bystander.start(tracker.ports());
  const left: number[] = [];
  for (let round = 0; round < (isFull ? 2 : 1); round++) {
    await slowConnections(http, count, isFull ? 4000 : 1000);
    await slowConnections(https, count, isFull ? 8000 : 1000);
    await vanishingUpgrades(http, count);
    await tlsStorm(https, isFull ? 2000 : 200);
    // The last of it goes back when a thread has been idle for half a minute.
    await wait(isFull ? 40_000 : 1500);
    left.push(tracker.vitals().rssMib);
  }
  const { lost, text, longest } = bystander.stop();
  const { rssMib, descriptors, rssBefore } = watch.end();
  const { code } = await tracker.stop();
  const [first = 0] = left;
  const last = left.at(-1) ?? 0;
  return {
    holds:
      code === 0 &&
      lost === 0 &&
      last <= first + GROWTH_MIB_MAX &&
      last <= rssBefore + LEFT_MIB_MAX,
    seen: `${left.map((mib) => mib - rssBefore).join(", then ")} MiB kept; longest wait ${longest} ms`,
    ...{ rssMib, descriptors, lost: text },
  };
}

const noCgroup = (): string | undefined => cgroupsMissing() || undefined;

export const memoryFaults: readonly Fault[] = [
  {
    kind: "memory",
    name: `defaults in a cgroup of ${CGROUP_MIB} MiB, under a flood of torrents, slow connections and TLS handshakes`,
    isShort: true,
    missing: noCgroup,
    run: smallContainer,
  },
  {
    kind: "memory",
    name: "store full of random torrents, newcomers of a living swarm",
    isShort: false,
    run: fullStore,
  },
  {
    kind: "memory",
    name: "store full of random torrents, all expire, one big swarm",
    isShort: false,
    run: noScar,
  },
  {
    kind: "memory",
    name: "storms of slow connections, plain and TLS, of WebSockets that vanish, of handshakes",
    isShort: true,
    run: storms,
  },
];
