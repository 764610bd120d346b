/** The service `udp`: the UDP tracker. See service.ts. */
import type { Facts } from "@swarmtide/handover";
import { formatListener, handedSocket, type Logger, workerCountOf } from "@swarmtide/runtime";
import { statisticsSection } from "@swarmtide/statistics";
import { limitsSection, makePeerIdSample } from "@swarmtide/swarm";
import {
  bindUdp,
  fallbackWarnings,
  startUdp,
  type UdpBinding,
  type UdpConfig,
  udpEngineOf,
  udpPlacesOf,
  udpSection,
  wrongAddressWarnings,
} from "@swarmtide/udp";
import type { Service } from "./service.ts";

/** The name of the key of connection ids among those that are handed over. */
const CONNECTION_KEY = "connection";

const sections = { udp: udpSection, limits: limitsSection, statistics: statisticsSection };

export const udpService: Service<typeof sections> = {
  name: "udp",
  sections,
  threads: ({ udp }) => (udp.enabled ? workerCountOf(udp.workers) : 0),
  facts({ udp }): Facts {
    if (!udp.enabled) return {};
    const { name, leavesRequestsInSockets } = udpEngineOf(udp.engine);
    const engine = leavesRequestsInSockets ? name : `${name} of process ${process.pid}`;
    return { "udp.engine": engine, "udp.set_only_ipv6": String(udp.setOnlyIpv6) };
  },
  look({ udp }) {
    if (!udp.enabled) return [];
    return [`UDP tracker: ${udpPlacesOf(udp).map(formatListener).join(" and ")}`];
  },
  bind({ udp, limits, statistics }, log, handed) {
    if (!udp.enabled) return undefined;
    const binding = bindUdp(udp, handed?.of("udp"));
    warnOfSmallBuffer(udp, binding, log);
    for (const line of [...fallbackWarnings(udp.engine), ...wrongAddressWarnings(udp, binding)])
      log.warn(line);
    const { listeners, engine, engineBinding } = binding;
    if (engineBinding !== undefined) log.info(engineBinding.description);
    return {
      get protocols() {
        const addresses = listeners.addresses.map(
          (address) => ({ protocol: "udp", address }) as const,
        );
        const workers = listeners.ofWorkers.length;
        return [{ name: "udp", title: "UDP tracker", engine, workers, addresses } as const];
      },
      close: () => binding.close(),
      start({ store, accessList, startedSeconds, onDeath, former, cluster }) {
        const peerIdSamples = statistics.clients ? listeners.ofWorkers.map(makePeerIdSample) : [];
        const key = former?.secret(CONNECTION_KEY);
        const { counters, latency, refusals, connectionKey, ...group } = startUdp({
          isHeld: former !== undefined,
          connectionKey: key && new Int32Array(key.buffer),
          peerIdSamples,
          openRing: cluster?.openRing,
          ...{
            config: udp,
            binding,
            store: store.handle,
            accessList,
            startedSeconds,
            onDeath,
            limits,
          },
        });
        const workers = workerNames("udp", counters.workers);
        return {
          ...group,
          counters: [counters],
          reports: {
            peerIdSamples,
            latencies: [{ protocol: "udp", histogram: latency, workers }],
            refusals: { refusals, workers, describe: () => undefined },
          },
          given: {
            ...group,
            sockets: () =>
              listeners.ofWorkers.flat().flatMap((listener) => handedSocket("udp", listener)),
            secrets: { [CONNECTION_KEY]: new Uint8Array(connectionKey.slice().buffer) },
          },
          reload(news, list) {
            group.reload({ config: news.udp, accessList: list, limits: news.limits });
            return undefined;
          },
        };
      },
    };
  },
};

/** `udp-1` and so on, as the threads are called. */
const workerNames = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index + 1}`);

function warnOfSmallBuffer(config: UdpConfig, binding: UdpBinding, log: Logger): void {
  const wanted = config.socketRecvBufferSize;
  const granted = binding.receiveBufferBytes;
  if (wanted === 0 || granted === undefined || granted >= wanted) return;
  log.warn(
    `udp.socket_recv_buffer_size = ${wanted}: the system grants ${granted} bytes; raise net.core.rmem_max for the rest`,
  );
}
