/** The service `udp`: the UDP tracker. See service.ts. */
import { formatListener, type Logger, workerCountOf } from "@swarmtide/runtime";
import { statisticsSection } from "@swarmtide/statistics";
import { limitsSection, makePeerIdSample } from "@swarmtide/swarm";
import {
  bindUdp,
  fallbackWarnings,
  startUdp,
  type UdpBinding,
  type UdpConfig,
  udpPlacesOf,
  udpSection,
  wrongAddressWarnings,
} from "@swarmtide/udp";
import type { Service } from "./service.ts";

const sections = { udp: udpSection, limits: limitsSection, statistics: statisticsSection };

export const udpService: Service<typeof sections> = {
  name: "udp",
  sections,
  threads: ({ udp }) => (udp.enabled ? workerCountOf(udp.workers) : 0),
  look({ udp }) {
    if (!udp.enabled) return [];
    return [`UDP tracker: ${udpPlacesOf(udp).map(formatListener).join(" and ")}`];
  },
  bind({ udp, statistics }, log) {
    if (!udp.enabled) return undefined;
    const binding = bindUdp(udp);
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
      start({ store, accessList, startedSeconds, onDeath }) {
        const peerIdSamples = statistics.clients ? listeners.ofWorkers.map(makePeerIdSample) : [];
        const { counters, latency, ...group } = startUdp({
          peerIdSamples,
          ...{ config: udp, binding, store: store.handle, accessList, startedSeconds, onDeath },
        });
        return {
          ...group,
          counters: [counters],
          reports: {
            peerIdSamples,
            latencies: [
              {
                protocol: "udp",
                histogram: latency,
                workers: workerNames("udp", counters.workers),
              },
            ],
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
