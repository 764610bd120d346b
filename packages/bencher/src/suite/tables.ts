/** The tables of `npm run bench`: one load each, who takes part, and what the load tester is told. */
import { buildFloor } from "../harness/rivals.ts";
import { accepts } from "../protocols/http/http.ts";
import { answersConnect } from "../protocols/udp/udp.ts";
import { handshakes } from "../protocols/ws/ws.ts";
import type { Competitor, SuiteLoad } from "./competitor.ts";
import {
  aquatic,
  bittorrentTracker,
  chihaya,
  missing,
  opentracker,
  swarmtide,
  torrust,
} from "./known-servers.ts";
import type { ProtocolName } from "./tester.ts";

export interface SuiteTable {
  /** What `--tables` calls it. */
  readonly key: string;
  readonly protocol: ProtocolName;
  readonly title: string;
  readonly load: SuiteLoad;
  readonly competitors: readonly Competitor[];
  /** Resolves when the server on that port answers. */
  probe(port: number): Promise<void>;
  /** The configuration of the load test. */
  config(port: number, durationSeconds: number, targetRate: number): string;
}

const LIMITS = "[limits]\nmax_error_percent = 100\nmax_lost_percent = 100\n";
const TIMEOUT_MILLISECONDS = 2000;
/** Our tester compiles its code in this time and lags behind its rate: without it even the floor has a p99 of 300 ms. */
const LATENCY_WARMUP_SECONDS = 2;
const FLOOR_PEERS = 21;
const FLOOR_BODY_BYTES = 400;
const RECEIVE_BUFFER_BYTES = 8_000_000;

const head = (port: number, durationSeconds: number, targetRate: number): string =>
  `server_address = "127.0.0.1:${port}"\nduration = ${durationSeconds}\nwarmup = ${LATENCY_WARMUP_SECONDS}\ntarget_rate = ${targetRate}\n`;

const udpFloor: Competitor = {
  name: "C floor",
  role: "floor",
  serves: () => true,
  isThere: () => true,
  find: () => {
    const program = buildFloor("udp-echo");
    return {
      version: `udp-echo.c: recvmmsg and sendmmsg of 64, ${FLOOR_PEERS} invented peers, cc -O2 -march=native`,
      command: ({ port }) => [program, `${port}`, `${FLOOR_PEERS}`, `${RECEIVE_BUFFER_BYTES}`],
    };
  },
};

const httpFloor: Competitor = {
  name: "C floor",
  role: "floor",
  serves: ({ isTls }) => !isTls,
  isThere: () => true,
  find: () => {
    const program = buildFloor("http-epoll");
    return {
      version: `http-epoll.c: epoll, accept4, recv, send, a fixed answer of ${FLOOR_BODY_BYTES} bytes, cc -O2 -march=native`,
      command: ({ port, load }) => [
        ...[program, `${port}`, `${FLOOR_BODY_BYTES}`],
        load.keepsAlive ? "keep-alive" : "close",
      ],
    };
  },
};

export interface Population {
  readonly torrents: number;
  readonly peers: number;
}

function udpTable({ torrents, peers }: Population): SuiteTable {
  return {
    key: "udp",
    protocol: "udp",
    title: "UDP",
    load: { torrents, peers, connections: 0, isTls: false, keepsAlive: true },
    competitors: [
      udpFloor,
      swarmtide("udp", "this"),
      swarmtide("udp", "newest"),
      swarmtide("udp", "newest", "uring"),
      swarmtide("udp", "this", "limits on"),
      aquatic("aquatic_udp"),
      aquatic("aquatic_udp", "io-uring"),
      opentracker(),
      torrust("udp"),
      chihaya(),
      bittorrentTracker("udp"),
    ],
    probe: answersConnect,
    config: (port, duration, rate) =>
      `${head(port, duration, rate)}[network]\ntimeout = ${TIMEOUT_MILLISECONDS}\n[requests]\nnumber_of_torrents = ${torrents}\nnumber_of_peers = ${peers}\n${LIMITS}`,
  };
}

const HTTP_TORRENTS = 10_000;
const HTTP_CONNECTIONS = 128;

function httpTable(key: string, title: string, isTls: boolean, keepsAlive: boolean): SuiteTable {
  const closes: Competitor["serves"] = (load) => !load.isTls && !load.keepsAlive;
  const isPlain: Competitor["serves"] = (load) => !load.isTls;
  return {
    key,
    protocol: "http",
    title,
    load: { torrents: HTTP_TORRENTS, peers: 0, connections: HTTP_CONNECTIONS, isTls, keepsAlive },
    competitors: [
      httpFloor,
      swarmtide("http", "this"),
      swarmtide("http", "newest"),
      aquatic("aquatic_http"),
      opentracker(closes),
      torrust("http", isPlain),
      chihaya(isPlain),
      bittorrentTracker("http"),
    ],
    probe: accepts,
    config: (port, duration, rate) =>
      `${head(port, duration, rate)}enable_tls = ${isTls}\nkeep_alive = ${keepsAlive}\nnum_connections = ${HTTP_CONNECTIONS}\ntimeout = ${TIMEOUT_MILLISECONDS}\n[torrents]\nnumber_of_torrents = ${HTTP_TORRENTS}\n${LIMITS}`,
  };
}

const WS_TORRENTS = 1000;
const WS_CONNECTIONS = 100;

function wsTable(key: string, title: string, isTls: boolean): SuiteTable {
  return {
    key,
    protocol: "ws",
    title,
    load: {
      ...{ torrents: WS_TORRENTS, peers: 0, connections: WS_CONNECTIONS, isTls },
      keepsAlive: true,
    },
    competitors: [
      swarmtide("ws", "this"),
      swarmtide("ws", "newest"),
      aquatic("aquatic_ws"),
      bittorrentTracker("ws"),
      missing("wt-tracker", "neither it nor uWebSockets.js, which it needs, is on npm"),
    ],
    probe: isTls ? handshakes : accepts,
    config: (port, duration, rate) =>
      `${head(port, duration, rate)}enable_tls = ${isTls}\nnum_connections = ${WS_CONNECTIONS}\ntimeout = ${TIMEOUT_MILLISECONDS}\n[torrents]\nnumber_of_torrents = ${WS_TORRENTS}\n${LIMITS}`,
  };
}

export const suiteTables = (population: Population): readonly SuiteTable[] => [
  udpTable(population),
  httpTable("http", "HTTP, connections kept", false, true),
  httpTable("http-close", "HTTP, a connection for each request", false, false),
  httpTable("https", "HTTPS, connections kept", true, true),
  wsTable("ws", "WebTorrent, ws://", false),
  wsTable("wss", "WebTorrent, wss://", true),
];
