/** TCP for HTTP and WebTorrent: listeners, TLS, PROXY protocol, limits and timeouts, behind two engines. */
export type { WebSettings } from "./answering.ts";
export {
  bindWeb,
  closeGroups,
  type WebBinding,
  webListenersOf,
  webPlacesOf,
  webSocketEngine,
  webThreadsOf,
  webWorkersOf,
} from "./bind.ts";
export { type WebConfig, webSection } from "./config.ts";
export { trustedProxiesOf } from "./conversation/conversation-keys.ts";
export * as tcpColumns from "./counters.ts";
export type { TcpEngineName } from "./engines/engines.ts";
export type { EpollServerOptions } from "./engines/epoll/epoll-options.ts";
export { EpollServer } from "./engines/epoll/hot/epoll-server.ts";
export type { NetListener, NetServerOptions } from "./engines/net/net-options.ts";
export { NetServer } from "./engines/net/net-server.ts";
export { startWeb, type WebServer, type WebServerOptions } from "./server.ts";
export {
  certificateFacts,
  describeCertificate,
  makeSecureContext,
  readTlsFiles,
  type TlsFiles,
} from "./tls-files.ts";
