/** TCP for HTTP and WebTorrent: listeners, TLS, PROXY protocol, limits and timeouts, behind two engines. */
export { bindWeb, type WebBinding, type WebSocketFd, webThreadsOf } from "./bind.ts";
export { trustedProxiesOf, type WebConfig, webSection } from "./config.ts";
export {
  ConnectionLimits,
  LIMIT_ADDRESS,
  LIMIT_OK,
  LIMIT_TOTAL,
} from "./conversation/connection-limits.ts";
export {
  PROXY_BAD,
  PROXY_HEADER_BYTES_MAX,
  PROXY_MORE,
  PROXY_OK,
  type ProxyHeader,
  parseProxyHeader,
} from "./conversation/proxy-header.ts";
export * from "./counters.ts";
export type { EpollServerOptions } from "./engines/epoll/epoll-parts.ts";
export { EpollServer } from "./engines/epoll/hot/epoll-server.ts";
export { type NetListener, NetServer, type NetServerOptions } from "./engines/net/net-server.ts";
export { startWeb, type WebServer, type WebServerOptions } from "./server.ts";
export {
  describeCertificate,
  makeSecureContext,
  readTlsFiles,
  type TlsFiles,
} from "./tls-files.ts";
