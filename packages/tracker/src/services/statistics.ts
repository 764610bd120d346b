/**
 * The service `statistics`: a snapshot a second, the page with JSON and Prometheus beside it, and the HTML file. It has no
 * worker; everything runs on the main thread, which serves no peers. See service.ts.
 */
import { formatSocketAddress, parseIpAddress } from "@swarmtide/bittorrent";
import {
  codeField,
  type HandedSockets,
  handedSocket,
  type Listener,
  type Logger,
  listenError,
  listenerAt,
  OperatorError,
} from "@swarmtide/runtime";
import {
  Answers,
  loadPageFiles,
  PAGE_ADDRESS_DEFAULT,
  PrometheusText,
  type StatisticsCollector,
  type StatisticsConfig,
  StatisticsServer,
  statisticsSection,
  writeHtmlFile,
} from "@swarmtide/statistics";
import { certificateFacts, readTlsFiles, type TlsFiles } from "@swarmtide/tcp";
import type {
  CertificateInUse,
  RunningService,
  Service,
  ServiceConfig,
  StartContext,
} from "./service.ts";

const SECOND_MILLISECONDS = 1000;

const sections = { statistics: statisticsSection };

type Config = ServiceConfig<typeof sections>;

export const statisticsService: Service<typeof sections> = {
  name: "statistics",
  sections,
  threads: () => 0,
  look({
    statistics: { pageAddress, pageTlsCertificatePath: certificate, pageTlsPrivateKeyPath },
  }) {
    if (pageAddress === undefined) return [];
    if (certificate !== "") readTls(certificate, pageTlsPrivateKeyPath);
    return [`statistics: http${certificate === "" ? "" : "s"}://${textOf(pageAddress)}`];
  },
  bind({ statistics: config }, log, handed) {
    const page = preparePage(config, log, handed);
    return {
      protocols: [],
      close() {},
      start: (context) => startStatistics(config, page, context),
    };
  },
};

interface Page {
  readonly address: NonNullable<Config["statistics"]["pageAddress"]>;
  readonly files: ReturnType<typeof loadPageFiles>;
  readonly tls: TlsFiles | undefined;
  /** Of the process before this one. */
  readonly fd: number | undefined;
}

const placeOf = ({ host, port }: Page["address"]): Listener => {
  const address = parseIpAddress(host) ?? new Uint8Array(4);
  const family = address.length === 4 ? 4 : 6;
  return listenerAt({ key: "statistics.page_address", family, isTls: false, address, port });
};

/** Reads what the page is made of; a chroot may hide it later. Throws OperatorError. */
function preparePage(
  config: StatisticsConfig,
  log: Logger,
  handed: HandedSockets | undefined,
): Page | undefined {
  const { pageAddress: address, pageTlsCertificatePath: certificate } = config;
  if (address === undefined) return undefined;
  warnOfOpenPage(config, log);
  const tls = certificate === "" ? undefined : readTls(certificate, config.pageTlsPrivateKeyPath);
  const [[listener] = []] = handed?.of("page").take(placeOf(address), 1) ?? [];
  return { address, files: loadPageFiles(), tls, fd: listener?.fd };
}

function warnOfOpenPage({ pageAddress: address, pageToken }: StatisticsConfig, log: Logger): void {
  if (address === undefined || pageToken !== "" || isLoopback(address.host)) return;
  log.warn(
    `statistics.page_address = "${textOf(address)}": everybody who reaches it can read the page; set statistics.page_token`,
  );
}

/** The same files as [web] may have, under the names of this section. */
function readTls(certificatePath: string, privateKeyPath: string): TlsFiles {
  try {
    return readTlsFiles(certificatePath, privateKeyPath);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const message = error.message.replaceAll("web.tls_", "statistics.page_tls_");
    throw new OperatorError(message, { code: error.code, cause: error });
  }
}

function startStatistics(
  config: StatisticsConfig,
  page: Page | undefined,
  context: StartContext,
): RunningService<Config> {
  let server: StatisticsServer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let tls = page?.tls;
  const prometheus = new PrometheusText();
  const html = new HtmlWriter(context);
  const start = async () => {
    await context.former?.isHolding;
    await Promise.resolve(); // All services have been started then, and there is a collector.
    const collector = context.collector();
    timer = setInterval(() => collector.collect(), SECOND_MILLISECONDS);
    html.configure(config, collector);
    if (page === undefined) return;
    const answers = new Answers(collector, prometheus, page.files);
    server = await openServer(page, config.pageToken, answers, context.log);
    if (server !== undefined) context.log.info(`statistics on ${server.url}`);
  };
  return {
    ready: start(),
    counters: [],
    given: {
      sockets() {
        const { address, fd } = server?.listener ?? {};
        if (page === undefined || address === undefined) return [];
        return handedSocket("page", { ...placeOf(page.address), port: address.port, fd });
      },
      async hold() {},
      release() {},
      async drain() {
        server?.drain();
      },
    },
    reports: { certificates: () => (tls === undefined ? [] : [inUse(tls)]) },
    reload({ statistics: news }) {
      html.configure(news, context.collector());
      if (server === undefined) return undefined;
      server.replaceToken(news.pageToken);
      warnOfOpenPage(news, context.log);
      if (tls === undefined) return undefined;
      const { files, outcome } = reread(config, context);
      if (files !== undefined) server.replaceTls(pemOf(files));
      tls = files ?? tls;
      return outcome;
    },
    async stop() {
      clearInterval(timer);
      html.stop();
      prometheus.close();
      await server?.close();
      return true;
    },
  };
}

/** Writes `html_path` at the interval. What fails is logged once, until it succeeds again. */
class HtmlWriter {
  readonly #context: StartContext;
  #path: string | undefined;
  #intervalSeconds = 0;
  #timer: NodeJS.Timeout | undefined;
  #isWriting = false;
  #hasFailed = false;

  constructor(context: StartContext) {
    this.#context = context;
  }

  /** Takes path and interval into use, at the start and on a reload. */
  configure(config: StatisticsConfig, collector: StatisticsCollector): void {
    const path = this.#locate(config.htmlPath);
    if (path === this.#path && config.interval === this.#intervalSeconds) return;
    this.stop();
    this.#path = path;
    this.#intervalSeconds = config.interval;
    if (path === undefined) return;
    const milliseconds = config.interval * SECOND_MILLISECONDS;
    this.#timer = setInterval(() => void this.#write(path, collector), milliseconds);
  }

  /** Undefined where no file is asked for, or a chroot hides it. */
  #locate(htmlPath: string): string | undefined {
    if (htmlPath === "") return undefined;
    const path = this.#context.pathAfterDrop(htmlPath);
    if (path === undefined)
      this.#context.log.warn(
        `statistics.html_path = "${htmlPath}": not written, it lies outside of privileges.chroot_path`,
      );
    return path;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #write(path: string, collector: StatisticsCollector): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      await writeHtmlFile(path, collector.latest.stats, this.#intervalSeconds);
      this.#hasFailed = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      if (!this.#hasFailed)
        this.#context.log.error(`statistics.html_path cannot be written: ${reason}`);
      this.#hasFailed = true;
    }
    this.#isWriting = false;
  }
}

/** Undefined, and a warning, where the default address is taken. Rejects with OperatorError where a configured one is. */
async function openServer(
  { address, tls, fd }: Page,
  token: string,
  answers: Answers,
  log: Logger,
): Promise<StatisticsServer | undefined> {
  try {
    return await StatisticsServer.open({ address, token, answers, tls: tls && pemOf(tls), fd });
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error));
    const key = `statistics.page_address = "${textOf(address)}"`;
    // A key that has its default value asks for nothing, whoever wrote it.
    if (isDefault(address)) {
      log.warn(`no statistics page: ${key} (the default): ${cause.message}`);
      return undefined;
    }
    throw listenError({ key }, cause, (cause as NodeJS.ErrnoException).code);
  }
}

const isDefault = ({ host, port }: Page["address"]): boolean =>
  host === PAGE_ADDRESS_DEFAULT.host && port === PAGE_ADDRESS_DEFAULT.port;

function reread(config: StatisticsConfig, { log, pathAfterDrop }: StartContext) {
  const certificate = pathAfterDrop(config.pageTlsCertificatePath);
  const privateKey = pathAfterDrop(config.pageTlsPrivateKeyPath);
  if (certificate === undefined || privateKey === undefined)
    return { files: undefined, outcome: undefined };
  try {
    const files = readTls(certificate, privateKey);
    log.info("TLS files of the statistics page reloaded");
    return { files, outcome: { isSuccess: true, text: "TLS files of the statistics page" } };
  } catch (error) {
    const text = `${error instanceof Error ? error.message : error}; the old certificate remains in use`;
    log.error(text, codeField(error));
    return { files: undefined, outcome: { isSuccess: false, text } };
  }
}

const pemOf = ({ certificate, privateKey }: TlsFiles) => ({ cert: certificate, key: privateKey });

function inUse(files: TlsFiles): CertificateInUse {
  const { subject, expiresMilliseconds } = certificateFacts(files);
  return { section: "statistics", subject, expiresMilliseconds };
}

const isLoopback = (host: string): boolean => host.startsWith("127.") || host === "::1";

const textOf = ({ host, port }: Page["address"]): string =>
  formatSocketAddress({ address: parseIpAddress(host) ?? new Uint8Array(4), port });
