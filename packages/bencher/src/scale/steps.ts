/** The steps of `npm run bench:scale`: one load each on a fresh swarmtide. */
import { accepts } from "../protocols/http/http.ts";
import { answersConnect } from "../protocols/udp/udp.ts";
import type { SuiteLoad } from "../suite/competitor.ts";

export interface Step {
  readonly label: string;
  /** What `--largest` is compared with. */
  readonly size: number;
  readonly protocol: "udp" | "ws";
  readonly workers: number;
  readonly load: SuiteLoad;
  /** Seconds of the load that do not count: until everything is filled. */
  readonly warmupSeconds: number;
  probe(port: number): Promise<void>;
  config(port: number): string;
}

const MEASURED_SECONDS = 4;
/** Announces a second that a worker surely takes: how long to fill. */
const FILL_RATE = 110_000;
const LIMITS = "[limits]\nmax_error_percent = 100\nmax_lost_percent = 100\n";

const loadOf = (torrents: number, peers: number): SuiteLoad => ({
  ...{ torrents, peers, connections: 0, isTls: false, keepsAlive: true },
});

interface UdpPlan {
  readonly label: string;
  readonly size: number;
  readonly torrents: number;
  readonly peers: number;
  readonly addresses: number;
  readonly announces: number;
  readonly weights: string;
  readonly workers: number;
}

function udpStep(plan: UdpPlan): Step {
  const { label, size, torrents, peers, addresses, announces, weights, workers } = plan;
  const warmupSeconds = 3 + Math.ceil(announces / FILL_RATE);
  return {
    ...{ label, size, protocol: "udp", workers, warmupSeconds, probe: answersConnect },
    load: loadOf(torrents, peers),
    config: (port) => `server_address = "127.0.0.1:${port}"
duration = ${warmupSeconds + MEASURED_SECONDS + 1}
[network]
source_addresses = ${addresses}
timeout = 2000
[requests]
number_of_torrents = ${torrents}
number_of_peers = ${peers}
${weights}
${LIMITS}`,
  };
}

const ONLY_ANNOUNCES = "weight_connect = 0\nweight_announce = 1\nweight_scrape = 0";
const MIX = "weight_connect = 50\nweight_announce = 50\nweight_scrape = 1";
/** More peers than these in ten million torrents would fill for minutes. */
const PEERS_MAX = 12_000_000;

const torrentSteps: readonly Step[] = [1e3, 1e4, 1e5, 1e6, 1e7].map((torrents) => {
  const peers = Math.min(2 * torrents, PEERS_MAX);
  return udpStep({
    ...{ label: torrents.toLocaleString("en"), size: torrents, torrents, peers },
    ...{ addresses: 1, announces: peers, weights: ONLY_ANNOUNCES, workers: 1 },
  });
});

/**
 * Peers of one torrent have 8,191 ports for each address, and each comes from all addresses in turn: so addresses make the
 * size. Three announces for each fill nearly all.
 */
const swarmSteps: readonly Step[] = [
  { size: 1e3, peers: 1070, addresses: 1 },
  { size: 1e4, peers: 7700, addresses: 2 },
  { size: 1e5, peers: 65_536, addresses: 12 },
  { size: 1e6, peers: 65_536, addresses: 122 },
].map(({ size, peers, addresses }) =>
  udpStep({
    ...{ label: size.toLocaleString("en"), size, torrents: 1, peers, addresses },
    ...{ announces: 3 * size, weights: ONLY_ANNOUNCES, workers: 1 },
  }),
);

const workerSteps: readonly Step[] = [1, 2].map((workers) =>
  udpStep({
    ...{ label: `${workers}`, size: workers, torrents: 100_000, peers: 200_000, addresses: 8 },
    ...{ announces: 400_000, weights: MIX, workers },
  }),
);

const CONNECTS_PER_SECOND = 1000;
const HOLD_SECONDS = 8;

function connectionStep(connections: number, pauseSeconds: number): Step {
  const comingSeconds = Math.ceil(connections / CONNECTS_PER_SECOND);
  const warmupSeconds = comingSeconds + 2;
  return {
    ...{ label: connections.toLocaleString("en"), size: connections, protocol: "ws", workers: 1 },
    ...{ load: loadOf(connections, 0), warmupSeconds, probe: accepts },
    config: (port) => `server_address = "127.0.0.1:${port}"
duration = ${warmupSeconds + HOLD_SECONDS}
num_connections = ${connections}
connections_per_second = ${CONNECTS_PER_SECOND}
source_addresses = 40
pause = ${pauseSeconds}
[torrents]
number_of_torrents = ${connections}
torrents_per_connection = 1
offers_per_request = 2
${LIMITS}`,
  };
}

const CONNECTIONS = [1000, 5000, 10_000, 20_000] as const;
const IDLE_SECONDS = 3600;
const BUSY_SECONDS = 10;

/** By what the first column of a table is called. */
export const GROUPS: Readonly<Record<string, readonly Step[]>> = {
  torrents: torrentSteps,
  swarm: swarmSteps,
  "connections-idle": CONNECTIONS.map((count) => connectionStep(count, IDLE_SECONDS)),
  "connections-busy": CONNECTIONS.map((count) => connectionStep(count, BUSY_SECONDS)),
  workers: workerSteps,
};
