/**
 * The worker of the overload bench for TLS: engine `net` on a thread of its own, with a listener for each family. Tells its
 * ports first, and how many repeats it has refused whenever it is asked.
 */
import { parentPort } from "node:worker_threads";
import { httpColumns } from "@swarmtide/http";
import { CounterTable, Histogram, Refusals, RoundTimer } from "@swarmtide/metrics";
import { createSwarmStore } from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { webSection } from "../config.ts";
import { conversationSettingsOf } from "../conversation/conversation-keys.ts";
import { tcpCounters } from "../counters.ts";
import { NetServer } from "../engines/net/net-server.ts";
import { handlerOptions, testdata } from "../testing/engines.ts";
import { makeSecureContext, readTlsFiles } from "../tls-files.ts";
import { OVERLOAD_LIMITS } from "./overload-requests.ts";

/** Connections that wait to be accepted, of each listener. */
const BACKLOG = 64;
const SECOND_MILLISECONDS = 1000;
/** Nobody is closed but for the load. */
const PATIENT = {
  maxConnectionsPerAddress: 50_000,
  requestTimeout: 60,
  maxConnectionIdle: 600,
  tlsHandshakeTimeout: 60,
};

const store = createSwarmStore({ memoryBytesMax: 2 ** 28, limits: OVERLOAD_LIMITS });
const httpCounters = CounterTable.create(httpColumns.httpCounters, 1);
const counters = CounterTable.create(tcpCounters, 1);
const nowMilliseconds = () => performance.now();
const server = await NetServer.start({
  handler: handlerOptions(store, [], { handler: { counters: httpCounters.familyRows(0) } }),
  listeners: ["127.0.0.1", "::1"].map((host) => ({
    key: host,
    isTls: true,
    at: { host, port: 0, backlog: BACKLOG, ipv6Only: true },
  })),
  // A dear handshake: clients on the same machine can then ask for twice as much as the worker can do.
  secureContext: makeSecureContext(
    readTlsFiles(testdata("rsa-4096.crt"), testdata("rsa-4096.key")),
    undefined,
  ),
  ...conversationSettingsOf({ ...defaultConfig(webSection), ...PATIENT }, 1),
  ...{ requestBytesMax: 8192, connectionsMax: 50_000 },
  fdsEnd: Number.POSITIVE_INFINITY,
  counters: counters.row(0),
  refusals: Refusals.writer(undefined, 0, tcpCounters),
  rounds: new RoundTimer(Histogram.create({ rows: 1 }).row(0), 50, nowMilliseconds()),
  nowMilliseconds,
});
const started = nowMilliseconds();
setInterval(() => store.setNow((nowMilliseconds() - started) / SECOND_MILLISECONDS), 200);
parentPort?.postMessage(server.ports);
parentPort?.on("message", () =>
  parentPort?.postMessage(httpCounters.sum(httpColumns.OVERLOAD_REPEATS)),
);
