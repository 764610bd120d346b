/**
 * The service `tcp`: HTTP, HTTPS and WebTorrent, which share ports, workers and TLS files. The files are read and checked
 * before anything is served, and read again on a reload. See service.ts.
 */
import { type Facts, handoverSection } from "@swarmtide/handover";
import { describeHttpRefusal, httpSection } from "@swarmtide/http";
import {
  codeField,
  formatListener,
  handedSocket,
  type Logger,
  OperatorError,
} from "@swarmtide/runtime";
import { statisticsSection } from "@swarmtide/statistics";
import { type AccessListHandle, limitsSection } from "@swarmtide/swarm";
import {
  bindWeb,
  certificateFacts,
  closeGroups,
  describeCertificate,
  readTlsFiles,
  startWeb,
  type TlsFiles,
  type WebBinding,
  type WebConfig,
  type WebSettings,
  webListenersOf,
  webPlacesOf,
  webSection,
  webSocketEngine,
  webThreadsOf,
  webWorkersOf,
} from "@swarmtide/tcp";
import { describeWsRefusal, wsSection } from "@swarmtide/ws";
import type {
  BoundService,
  CertificateInUse,
  ReloadOutcome,
  RunningService,
  ServedProtocol,
  Service,
  ServiceConfig,
  StartContext,
} from "./service.ts";

const sections = {
  web: webSection,
  http: httpSection,
  ws: wsSection,
  limits: limitsSection,
  statistics: statisticsSection,
  handover: handoverSection,
};

/** The name of the keys of TLS sessions among those that are handed over. */
const TICKET_KEYS = "tickets";

type TcpConfig = ServiceConfig<typeof sections>;

export const tcpService: Service<typeof sections> = {
  name: "tcp",
  sections,
  threads: (config) =>
    isOff(config) ? 0 : webThreadsOf(webConfigOf(config), config.http.workers, config.ws.enabled),
  facts: (config): Facts =>
    isOff(config) ? {} : { "web.set_only_ipv6": String(config.web.setOnlyIpv6) },
  look(config) {
    if (isOff(config)) return [];
    const tls = readFiles(config);
    const urls = (plain: string) =>
      webListenersOf(config.web)
        .map((place) => `${plain}${place.isTls ? "s" : ""}://${formatListener(place)}`)
        .join(" and ");
    return [
      ...(config.http.enabled ? [`HTTP tracker: ${urls("http")}`] : []),
      ...(config.ws.enabled ? [`WebTorrent tracker: ${urls("ws")}`] : []),
      ...(tls === undefined ? [] : [describeCertificate(tls, Date.now())]),
    ];
  },
  bind(config, log, handed) {
    if (isOff(config)) return undefined;
    const tls = readFiles(config);
    if (tls !== undefined) log.info(describeCertificate(tls, Date.now()));
    const { http, ws } = config;
    const binding = bindWeb(webConfigOf(config), http.workers, ws.enabled, handed?.of("tcp"));
    return new BoundTcp(config, binding, tls);
  },
};

/** Certificate and key, where something listens with TLS. Throws OperatorError, also where nothing listens at all. */
function readFiles(config: TcpConfig): TlsFiles | undefined {
  const { web } = config;
  if (hasTls(config)) return readTlsFiles(web.tlsCertificatePath, web.tlsPrivateKeyPath);
  if (web.useIpv4 || web.useIpv6 || web.unixSocket !== "") return undefined;
  throw new OperatorError(
    "nothing for HTTP and WebTorrent to listen on: web.use_ipv4 and web.use_ipv6 are false and neither a web.tls_address nor web.unix_socket is set",
    { code: "SWARMTIDE_NOTHING_TO_RUN" },
  );
}

class BoundTcp implements BoundService<TcpConfig> {
  readonly #config: TcpConfig;
  readonly #binding: WebBinding;
  readonly #tls: TlsFiles | undefined;

  constructor(config: TcpConfig, binding: WebBinding, tls: TlsFiles | undefined) {
    this.#config = config;
    this.#binding = binding;
    this.#tls = tls;
  }

  /** HTTP first, then WebTorrent at the same addresses. */
  get protocols(): ServedProtocol[] {
    const places = webPlacesOf(this.#binding);
    const listed = <Name extends "http" | "ws">(plain: Name) =>
      places.map((place) => {
        const protocol = place.isTls ? (`${plain}s` as const) : plain;
        return { protocol, address: formatListener(place) };
      });
    const { engine, http, ws } = webWorkersOf(this.#binding);
    const protocols: ServedProtocol[] = [];
    if (this.#config.http.enabled)
      protocols.push({
        ...{ name: "http", title: "HTTP tracker", engine, workers: http },
        addresses: listed("http"),
      });
    if (this.#config.ws.enabled)
      protocols.push({
        ...{ name: "ws", title: "WebTorrent tracker", engine: undefined, workers: ws },
        addresses: listed("ws"),
      });
    return protocols;
  }

  close(): void {
    closeGroups(this.#binding.groups);
  }

  start(context: StartContext): RunningService<TcpConfig> {
    const { log, onDeath, startedSeconds, store, accessList, former, cluster } = context;
    let tls = this.#tls;
    const { httpCounters, tcpCounters, wsCounters, refusals, ticketKeys, ...group } = startWeb({
      isHeld: former !== undefined,
      ticketKeys: former?.secret(TICKET_KEYS),
      ...{ openRing: cluster?.openRing, openChannel: cluster?.openChannel },
      drainSeconds: this.#config.handover.drain,
      ...{ binding: this.#binding, store: store.handle, startedSeconds, onDeath },
      settings: settingsOf(this.#config, accessList, tls),
      countsClients: this.#config.statistics.clients,
      onHint: (line) => log.warn(line),
    });
    if (hasTls(this.#config) && tlsPathsOf(this.#config, context) === undefined)
      log.warn(
        "the TLS files lie outside of privileges.chroot_path, so that they cannot be reloaded",
      );
    return {
      ...group,
      counters: [httpCounters, tcpCounters, ...(wsCounters === undefined ? [] : [wsCounters])],
      reports: {
        peerIdSamples: this.#config.statistics.clients ? group.peerIdSamples : [],
        latencies: [
          { protocol: "http", workers: group.workerNames, histogram: group.latency },
          { protocol: "ws", workers: group.wsWorkerNames, histogram: group.wsLatency },
        ],
        certificates: () => (tls === undefined ? [] : [certificateOf(tls)]),
        refusals: { refusals, workers: group.workerNames, describe: describeRefusal },
      },
      given: {
        ...group,
        sockets: () =>
          this.#binding.groups
            .flatMap(({ listeners }) => listeners.ofWorkers.flat())
            .flatMap((listener) => handedSocket("tcp", listener)),
        secrets: { [TICKET_KEYS]: ticketKeys },
      },
      reload(config, list) {
        const { files, outcome } = rereadTls(config, context);
        tls = files ?? tls;
        group.reload(settingsOf(config, list, tls));
        return outcome;
      },
    };
  }
}

/** The detail is a status of the room whose table counted the refusal. */
const describeRefusal = (table: string, detail: number): string | undefined =>
  table === "ws" ? describeWsRefusal(detail) : describeHttpRefusal(detail);

const isOff = ({ http, ws }: TcpConfig): boolean => !http.enabled && !ws.enabled;

const hasTls = ({ web }: TcpConfig): boolean =>
  web.tlsAddressIpv4.length > 0 || web.tlsAddressIpv6.length > 0;

/** Where HTTP is off, the workers of WebTorrent listen themselves unless the engine is asked for. */
function webConfigOf({ http, web }: TcpConfig): WebConfig {
  return http.enabled || web.engine !== "auto" ? web : { ...web, engine: webSocketEngine() };
}

const settingsOf = (
  { http, limits, web, ws }: TcpConfig,
  accessList: AccessListHandle,
  tls: TlsFiles | undefined,
): WebSettings => ({ http, web, ws, limits, accessList, tls });

/** Where certificate and key are found now; undefined where there are none or a chroot hides them. */
function tlsPathsOf(config: TcpConfig, { pathAfterDrop }: StartContext) {
  if (!hasTls(config)) return undefined;
  const certificate = pathAfterDrop(config.web.tlsCertificatePath);
  const privateKey = pathAfterDrop(config.web.tlsPrivateKeyPath);
  if (certificate === undefined || privateKey === undefined) return undefined;
  return { certificate, privateKey };
}

/** The subject is the first name that clients may ask for. */
function certificateOf(files: TlsFiles): CertificateInUse {
  const { subject, expiresMilliseconds } = certificateFacts(files);
  return { section: "web", subject, expiresMilliseconds };
}

interface RereadTls {
  /** Undefined where reading fails (and is logged), or there are no files to read. */
  readonly files: TlsFiles | undefined;
  readonly outcome: ReloadOutcome | undefined;
}

function rereadTls(config: TcpConfig, context: StartContext): RereadTls {
  const paths = tlsPathsOf(config, context);
  if (paths === undefined) return { files: undefined, outcome: undefined };
  const log: Logger = context.log;
  try {
    const tls = readTlsFiles(paths.certificate, paths.privateKey);
    log.info(`TLS files reloaded: ${describeCertificate(tls, Date.now())}`);
    return { files: tls, outcome: { isSuccess: true, text: "TLS files" } };
  } catch (error) {
    const text = `${error instanceof Error ? error.message : error}; the old certificate remains in use`;
    log.error(text, codeField(error));
    return { files: undefined, outcome: { isSuccess: false, text } };
  }
}
