/**
 * The side of the tracker that serves HTTP and WebTorrent: its sockets and its TLS files, read and checked before anything is served, and read again
 * on reload. Main thread.
 */
import { codeField, type Logger, OperatorError, pathAfterDrop } from "@swarmtide/runtime";
import {
  bindWeb,
  describeCertificate,
  readTlsFiles,
  type TlsFiles,
  type WebBinding,
  type WebConfig,
  webSocketEngine,
} from "@swarmtide/tcp";
import type { TrackerConfig } from "./config.ts";

export interface WebSide {
  readonly binding: WebBinding;
  readonly tls: TlsFiles | undefined;
}

/** Where the TLS files are found now; undefined where there are none or a chroot hides them. */
export interface TlsPaths {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Whether there is something to serve over TCP. */
export const listensOnWeb = ({ http, ws }: TrackerConfig): boolean => http.enabled || ws.enabled;

/** Where HTTP is off, the workers of WebTorrent listen themselves unless the engine is asked for. */
export function webConfigOf({ http, web }: TrackerConfig): WebConfig {
  return http.enabled || web.engine !== "auto" ? web : { ...web, engine: webSocketEngine() };
}

/** Undefined where HTTP and WebTorrent are switched off. Throws OperatorError or SyscallError; nothing stays open then. */
export function openWebSide(config: TrackerConfig, log: Logger): WebSide | undefined {
  if (!listensOnWeb(config)) return undefined;
  const { web } = config;
  if (!web.useIpv4 && !web.useIpv6 && !hasTls(config))
    throw new OperatorError(
      "nothing for HTTP and WebTorrent to listen on: web.use_ipv4 and web.use_ipv6 are false and no web.tls_address is set",
      { code: "SWARMTIDE_NOTHING_TO_RUN" },
    );
  const tls = hasTls(config)
    ? readTlsFiles(web.tlsCertificatePath, web.tlsPrivateKeyPath)
    : undefined;
  if (tls !== undefined) log.info(describeCertificate(tls, Date.now()));
  return { binding: bindWeb(webConfigOf(config), config.http.workers, config.ws.enabled), tls };
}

/** Reads the TLS files again; undefined where that fails (and is logged) or there are none. */
export function rereadTls(paths: TlsPaths | undefined, log: Logger): TlsFiles | undefined {
  if (paths === undefined) return undefined;
  try {
    const tls = readTlsFiles(paths.certificate, paths.privateKey);
    log.info(`TLS files reloaded: ${describeCertificate(tls, Date.now())}`);
    return tls;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    log.error(`${reason}; the old certificate stays`, codeField(error));
    return undefined;
  }
}

/** Call it before privileges are dropped. */
export function tlsPathsAfterDrop(config: TrackerConfig, log: Logger): TlsPaths | undefined {
  if (!listensOnWeb(config) || !hasTls(config)) return undefined;
  const certificate = pathAfterDrop(config.privileges, config.web.tlsCertificatePath);
  const privateKey = pathAfterDrop(config.privileges, config.web.tlsPrivateKeyPath);
  if (certificate !== undefined && privateKey !== undefined) return { certificate, privateKey };
  log.warn("the TLS files lie outside of privileges.chroot_path, so that they cannot be reloaded");
  return undefined;
}

function hasTls({ web }: TrackerConfig): boolean {
  return web.tlsAddressIpv4 !== undefined || web.tlsAddressIpv6 !== undefined;
}
