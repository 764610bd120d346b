/** What the counters of WebTorrent mean for the statistics, by role. Main thread; the table is a copy of one moment. */
import type { CounterTable } from "@swarmtide/metrics";
import type { SwarmRow, TrackerReading } from "@swarmtide/statistics";
import { wsColumns as ws } from "@swarmtide/ws";
import type { ProtocolReading } from "./protocol-readings.ts";
import { problemsOf, type TrafficRole, trafficOf, trafficOfWorker } from "./table-reading.ts";

const REQUESTS: readonly TrafficRole<"ws">[] = [
  { kind: "announce", columns: [ws.ANNOUNCES] },
  { kind: "scrape", columns: [ws.SCRAPES] },
  { kind: "error", columns: [ws.REFUSED_INVALID] },
];

const RESPONSES: readonly TrafficRole<"ws">[] = [
  { kind: "reply", columns: [ws.REPLIES_SENT] },
  { kind: "offer", columns: [ws.OFFERS_SENT] },
  { kind: "answer", columns: [ws.ANSWERS_SENT] },
  { kind: "error", columns: [ws.ERRORS_SENT] },
];

const ORDINARY = [
  ...[ws.CONNECTIONS_OPENED, ws.CONNECTIONS_CLOSED, ws.MESSAGES_RECEIVED, ws.ANNOUNCES, ws.SCRAPES],
  ...[ws.REPLIES_SENT, ws.OFFERS_SENT, ws.ANSWERS_SENT, ws.ERRORS_SENT],
  ...[ws.RECEIVED_BYTES, ws.SENT_BYTES, ws.COMPLETED, ws.PEERS_EXPIRED, ws.PEERS_REPLACED],
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
    requests: trafficOf(table, "ws", REQUESTS),
    responses: trafficOf(table, "ws", RESPONSES),
    bandwidth: [
      {
        ...({ protocol: "ws", family: "all" } as const),
        receivedBytes: table.sum(ws.RECEIVED_BYTES),
        sentBytes: table.sum(ws.SENT_BYTES),
      },
    ],
    problems: problemsOf(table, "ws", ORDINARY),
    workers: names.map((name, worker) => ({
      ...({ name, protocol: "ws", busySeconds: null } as const),
      requestsTotal: trafficOfWorker(table, worker, REQUESTS),
      responsesTotal: trafficOfWorker(table, worker, RESPONSES),
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
