/** What the counters of WebTorrent mean for the statistics, by role. Main thread; the table is a copy of one moment. */
import type { CounterTable } from "@swarmtide/metrics";
import type { SwarmRow, TrackerReading } from "@swarmtide/statistics";
import { wsColumns as ws } from "@swarmtide/ws";
import type { ProtocolReading } from "./protocol-readings.ts";
import {
  FAMILIES,
  problemsOf,
  type TrafficRole,
  trafficOf,
  trafficOfWorker,
} from "./table-reading.ts";

type Roles = readonly TrafficRole<"ws">[];

/** Those of IPv4 and of IPv6. A message that is neither an announce nor a scrape is an error. */
const REQUESTS: readonly Roles[] = ([0, 1] as const).map((family) => [
  { kind: "announce", columns: [ws.ANNOUNCES[family]] },
  { kind: "scrape", columns: [ws.SCRAPES[family]] },
  {
    kind: "error",
    columns: [ws.MESSAGES_RECEIVED[family]],
    without: [ws.ANNOUNCES[family], ws.SCRAPES[family]],
  },
]);

const RESPONSES: readonly Roles[] = ([0, 1] as const).map((family) => [
  { kind: "reply", columns: [ws.REPLIES_SENT[family]] },
  { kind: "offer", columns: [ws.OFFERS_SENT[family]] },
  { kind: "answer", columns: [ws.ANSWERS_SENT[family]] },
  { kind: "error", columns: [ws.ERRORS_SENT[family]] },
]);

/** The rows of both families. */
const trafficOfFamilies = (table: CounterTable<"ws">, roles: readonly Roles[]) =>
  FAMILIES.flatMap(([family], index) =>
    trafficOf(table, "ws", roles[index] ?? []).map((row) => ({ ...row, family })),
  );

const ORDINARY = [
  ...[ws.CONNECTIONS_OPENED, ws.CONNECTIONS_CLOSED, ws.BUSY_SECONDS],
  ...[ws.MESSAGES_RECEIVED, ws.ANNOUNCES, ws.SCRAPES].flat(),
  ...[ws.REPLIES_SENT, ws.OFFERS_SENT, ws.ANSWERS_SENT, ws.ERRORS_SENT].flat(),
  ...[ws.RECEIVED_BYTES, ws.SENT_BYTES].flat(),
  ...[ws.COMPLETED, ws.PEERS_EXPIRED, ws.PEERS_REPLACED, ws.PEERS_NODE_LEFT],
  ...ws.REMOTE_SENT,
  ...ws.REMOTE_RECEIVED,
];

/** Bytes a peer takes at most in the swarms of WebTorrent (packages/ws/src/memory.ts). */
const PEER_BYTES_MAX = 1024;

export interface WsReading extends ProtocolReading {
  readonly swarm: SwarmRow;
  readonly torrents: number;
  readonly completedTotal: number;
  readonly connection: TrackerReading["connections"][number];
  readonly budget: TrackerReading["budgets"][number];
}

export function readWs(
  table: CounterTable<"ws">,
  names: readonly string[],
  limitBytes: number,
): WsReading {
  const seeders = table.sum(ws.SEEDERS);
  const leechers = table.sum(ws.LEECHERS);
  return {
    requests: trafficOfFamilies(table, REQUESTS),
    responses: trafficOfFamilies(table, RESPONSES),
    bandwidth: ([0, 1] as const).map((index) => ({
      ...({ protocol: "ws", family: index === 0 ? "ipv4" : "ipv6" } as const),
      receivedBytes: table.sum(ws.RECEIVED_BYTES[index]),
      sentBytes: table.sum(ws.SENT_BYTES[index]),
    })),
    problems: problemsOf(table, "ws", ORDINARY),
    workers: names.map((name, worker) => ({
      ...({ name, protocol: "ws" } as const),
      requestsTotal: trafficOfWorker(table, worker, REQUESTS.flat()),
      responsesTotal: trafficOfWorker(table, worker, RESPONSES.flat()),
      busySeconds: table.sumOfWorker(ws.BUSY_SECONDS, worker),
      connections: table.sumOfWorker(ws.CONNECTIONS, worker),
    })),
    swarm: { store: "ws", family: "all", peers: seeders + leechers, seeders, leechers },
    torrents: table.sum(ws.TORRENTS),
    completedTotal: table.sum(ws.COMPLETED),
    connection: {
      ...({ transport: "ws", limit: null } as const),
      open: table.sum(ws.CONNECTIONS),
      openedTotal: table.sum(ws.CONNECTIONS_OPENED),
    },
    budget: {
      name: "webtorrent",
      usedBytes: (seeders + leechers) * PEER_BYTES_MAX,
      limitBytes,
      refusedTotal: table.sum(ws.REFUSED_MEMORY),
    },
  };
}
