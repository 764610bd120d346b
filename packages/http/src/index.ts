/** The HTTP tracker: requests → answers, its configuration and its counters. Sockets are the business of `web`. */
export { type HttpConfig, httpSection, INTERVAL_JITTER } from "./config.ts";
export * from "./counters.ts";
export { type HttpHandlerOptions, handlerOptionsOf } from "./handler-options.ts";
export {
  HttpHandler,
  OUTCOME_CLOSES,
  OUTCOME_FULL,
  OUTCOME_UPGRADES,
  OUTCOME_WAITS,
  replyBytesMin,
} from "./hot/http-handler.ts";
export { HttpPeer, isTrusted } from "./http-peer.ts";
export { HINT_ANNOUNCES, ProxyHint } from "./proxy-hint.ts";
