/**
 * Divides the memory of the host, or of its cgroup, among everything that grows: swarms, WebTorrent's peers, connections.
 * What the configuration sets is kept, what it leaves open (0, or the default of `max_connections` and `max_buffered`)
 * gets a share of the rest. Called by `startTracker` once, before anything is reserved. Main thread.
 *
 * First come the needs of the process itself. Measured with Node 20 on Linux: 91 MiB with 3 workers and 193 MiB with 9
 * (RssAnon), so 17 MiB a thread; under load a thread also fills its young generation and compiles its code.
 *
 * Worked example, a container with 512 MiB, defaults, one worker each: 512 − 64 − 4 × 24 = 352 MiB are divided: 176 for
 * the swarms, 88 for WebTorrent's peers and 88 for connections, of which 22 for what clients have not read yet and 66 for
 * 1056 connections.
 */
import { type AvailableMemory, OperatorError, workerCountOf } from "@swarmtide/runtime";
import { SWARM_MEMORY_MIB_MAX, SWARM_MEMORY_MIB_MIN } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { type TrackerConfig, trackerSchema } from "./config.ts";
import type { ReservableMemory } from "./reservable-memory.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const PROCESS_BYTES = 64 * MIB;
const THREAD_BYTES = 24 * MIB;
/** Shares of what is divided, where nothing is configured. */
const SWARM_SHARE = 2;
const WS_SHARE = 1;
const CONNECTIONS_SHARE = 1;
/** Of the connections' share, for messages in part and for what waits to be sent. */
const BUFFERED_PART = 4;
const WS_MIB_MIN = 8;
/**
 * Addresses that WebTorrent's tables reserve for a byte of their budget: all of it at the start (1024 MiB of VmSize for a budget of
 * 1024, Node 20), and the same once more while tables that have run empty are replaced.
 */
const WS_ADDRESSES_PER_BYTE = 2;
/** Of limited addresses it takes one part in four; the swarms take what is left. */
const WS_ADDRESSES_PART = 4;
const CONNECTIONS_MIN = 64;
const BUFFERED_BYTES_MIN = MIB;
/**
 * What a connection takes with the kernel's part: over TLS or as a WebSocket 37 to 59 KiB, measured with 13,000 of them
 * (docs/benchmarks); over plain HTTP up to 12 KiB of an unfinished request, a record of 300 bytes, and a socket.
 */
const TLS_OR_WS_CONNECTION_BYTES = 64 * KIB;
const HTTP_CONNECTION_BYTES = 16 * KIB;

export interface MemoryPlan {
  /** The configuration with an amount wherever it left one open. */
  readonly config: TrackerConfig;
  /** For the operator: how much for what, and why. */
  readonly line: string;
  /** Configured values that are more than there is. */
  readonly warnings: readonly string[];
}

export interface MemoryPlanOptions {
  /** Threads that will answer requests, and the one that cleans. */
  readonly threads: number;
  readonly available: AvailableMemory;
  /** Undefined where addresses are unlimited. */
  readonly reservable: ReservableMemory | undefined;
}

/** Throws OperatorError where a configured value cannot be reserved, or less is left than a tracker needs. */
export function planMemory(config: TrackerConfig, options: MemoryPlanOptions): MemoryPlan {
  const { available, reservable, threads } = options;
  const { swarm, ws, web, udp, http } = config;
  const tcpIsOn = http.enabled || ws.enabled;
  const needs = PROCESS_BYTES + threads * THREAD_BYTES;
  const divided = Math.max(0, available.bytes - needs);
  const configured = (swarm.maxMemory + (ws.enabled ? ws.maxMemory : 0)) * MIB;
  // WebTorrent keeps its own peers: without UDP and HTTP the store stays empty.
  const swarmShare = udp.enabled || http.enabled ? SWARM_SHARE : 0;
  const shares =
    (swarm.maxMemory === 0 ? swarmShare : 0) +
    (ws.enabled && ws.maxMemory === 0 ? WS_SHARE : 0) +
    (tcpIsOn ? CONNECTIONS_SHARE : 0);
  const shareBytes = shares === 0 ? 0 : Math.max(0, divided - configured) / shares;
  const wsMib = ws.maxMemory || wsMemory(WS_SHARE * shareBytes, reservable);
  if (ws.enabled) checkWsAddresses(ws.maxMemory, reservable);
  const beside = reservable && {
    ...reservable,
    bytes: reservable.bytes - (ws.enabled ? wsMib * MIB * WS_ADDRESSES_PER_BYTE : 0),
  };
  const swarmMib = swarmMemory(swarm.maxMemory, swarmShare * shareBytes, beside);
  const connections = planConnections(config, CONNECTIONS_SHARE * shareBytes);
  const amounts = [
    `${swarmMib} MiB for swarms`,
    ...(ws.enabled ? [`${wsMib} MiB for WebTorrent`] : []),
    ...(tcpIsOn ? [`${connections.maxConnections} connections`] : []),
  ];
  return {
    config: {
      ...config,
      swarm: { ...swarm, maxMemory: swarmMib },
      ws: { ...ws, maxMemory: wsMib, maxBuffered: connections.maxBuffered },
      web: { ...web, maxConnections: connections.maxConnections },
    },
    line: `Memory: ${listOf(amounts)}, of ${mib(available.bytes)} MiB that ${available.source} has`,
    warnings: [
      ...warningsOfMemory(config, divided, available),
      ...(tcpIsOn ? connections.warnings : []),
    ],
  };
}

/** MiB for WebTorrent's peers and offers: its share, or less where addresses are limited. */
function wsMemory(shareBytes: number, reservable: ReservableMemory | undefined): number {
  const addresses = reservable?.bytes ?? Number.POSITIVE_INFINITY;
  const bytes = Math.min(shareBytes, addresses / WS_ADDRESSES_PART / WS_ADDRESSES_PER_BYTE);
  return Math.max(WS_MIB_MIN, Math.floor(bytes / MIB));
}

/** Throws OperatorError where the configured tables of WebTorrent leave no addresses for the swarms. */
function checkWsAddresses(configuredMib: number, reservable: ReservableMemory | undefined): void {
  if (reservable === undefined || configuredMib === 0) return;
  const left = Math.floor(reservable.bytes / MIB) - SWARM_MEMORY_MIB_MIN;
  const most = Math.floor(left / WS_ADDRESSES_PER_BYTE);
  if (most < WS_MIB_MIN || configuredMib <= most) return;
  throw new OperatorError(
    `ws.max_memory = ${configuredMib}: its tables reserve ${configuredMib * WS_ADDRESSES_PER_BYTE} MiB of addresses, of which ${reservable.limit} leaves ${left}; raise that limit, or set at most ${most}, or 0 for a share of what there is`,
    { code: "SWARMTIDE_MEMORY_TOO_SMALL" },
  );
}

/** MiB for the store: what is configured, or its share, as far as addresses reach. */
function swarmMemory(
  configuredMib: number,
  shareBytes: number,
  reservable: ReservableMemory | undefined,
): number {
  const left = Math.floor((reservable?.bytes ?? Number.POSITIVE_INFINITY) / MIB);
  const limit = reservable?.limit;
  if (left < SWARM_MEMORY_MIB_MIN)
    throw new OperatorError(
      `swarm.max_memory = ${configuredMib}: less than ${SWARM_MEMORY_MIB_MIN} MiB is left for the swarms by ${limit}; raise that limit or lower udp.workers`,
      { code: "SWARMTIDE_MEMORY_TOO_SMALL" },
    );
  if (configuredMib > left)
    throw new OperatorError(
      `swarm.max_memory = ${configuredMib}: ${limit} leaves ${left} MiB for the swarms; raise that limit, or set at most ${left}, or 0 for a share of the memory`,
      { code: "SWARMTIDE_MEMORY_TOO_SMALL" },
    );
  if (configuredMib > 0) return configuredMib;
  const share = Math.max(SWARM_MEMORY_MIB_MIN, Math.floor(shareBytes / MIB));
  return Math.min(SWARM_MEMORY_MIB_MAX, left, share);
}

function warningsOfMemory(
  { swarm, ws }: TrackerConfig,
  dividedBytes: number,
  { bytes, source }: AvailableMemory,
): string[] {
  const rest = `${mib(dividedBytes)} MiB that ${source} (${mib(bytes)} MiB) leaves beside the program's threads; the kernel may end the tracker once they are used`;
  const warnings = [];
  if (dividedBytes < SWARM_MEMORY_MIB_MIN * MIB)
    warnings.push(
      `${source} has ${mib(bytes)} MiB: too little for ${SWARM_MEMORY_MIB_MIN} MiB of swarms beside the program's threads; the kernel may end the tracker`,
    );
  const wsMib = ws.enabled ? ws.maxMemory : 0;
  if (swarm.maxMemory * MIB > dividedBytes)
    warnings.push(`swarm.max_memory = ${swarm.maxMemory}: more than the ${rest}`);
  if (wsMib * MIB > dividedBytes) warnings.push(`ws.max_memory = ${wsMib}: more than the ${rest}`);
  const isEachLess = Math.max(swarm.maxMemory, wsMib) * MIB <= dividedBytes;
  if (isEachLess && (swarm.maxMemory + wsMib) * MIB > dividedBytes)
    warnings.push(
      `swarm.max_memory = ${swarm.maxMemory} and ws.max_memory = ${wsMib}: together more than the ${rest}`,
    );
  return warnings;
}

/** How many connections, and how many bytes each worker may keep for them, in so many bytes. */
function planConnections({ web, ws }: TrackerConfig, bytes: number) {
  const defaults = defaultConfig(trackerSchema);
  const workers = workerCountOf(web.workers);
  const part = Math.max(BUFFERED_BYTES_MIN, Math.floor(bytes / BUFFERED_PART / workers));
  const isBufferedOpen = ws.maxBuffered === defaults.ws.maxBuffered;
  const maxBuffered = isBufferedOpen ? Math.min(ws.maxBuffered, part) : ws.maxBuffered;
  const isPlainHttp =
    !ws.enabled && web.tlsAddressIpv4.length === 0 && web.tlsAddressIpv6.length === 0;
  const each = isPlainHttp ? HTTP_CONNECTION_BYTES : TLS_OR_WS_CONNECTION_BYTES;
  const rest = bytes - (ws.enabled ? maxBuffered * workers : 0);
  const fitting = Math.max(CONNECTIONS_MIN, Math.floor(rest / each));
  const isOpen = web.maxConnections === defaults.web.maxConnections;
  const warnings = [];
  if (ws.enabled && maxBuffered > part)
    warnings.push(
      `ws.max_buffered = ${maxBuffered}: the memory for connections (${mib(bytes)} MiB) is enough for ${part} bytes a worker`,
    );
  if (!isOpen && web.maxConnections > fitting)
    warnings.push(
      `web.max_connections = ${web.maxConnections}: the memory for connections (${mib(bytes)} MiB) is enough for ${fitting}, at ${each / KIB} KiB each`,
    );
  const maxConnections = isOpen ? Math.min(web.maxConnections, fitting) : web.maxConnections;
  return { maxConnections, maxBuffered, warnings };
}

const mib = (bytes: number): number => Math.floor(bytes / MIB);

/** `a, b and c`. */
const listOf = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
