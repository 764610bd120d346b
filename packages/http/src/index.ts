/** The HTTP tracker: requests → answers, its configuration and its counters. Sockets are the business of `web`. */
export { type HttpConfig, httpSection } from "./config.ts";
export * as httpColumns from "./counters.ts";
export { describeHttpRefusal } from "./failures.ts";
export { type HttpHandlerOptions, handlerOptionsOf } from "./handler-options.ts";
export {
  HttpHandler,
  OUTCOME_CLOSES,
  OUTCOME_FULL,
  OUTCOME_UPGRADES,
  OUTCOME_WAITS,
} from "./hot/http-handler.ts";
export { HttpPeer } from "./hot/http-peer.ts";
export { HINT_ANNOUNCES } from "./hot/proxy-hint.ts";
export { peerAddressBytes, peerAt, setPeerAddress } from "./peer-address.ts";
export { replyBytesMin } from "./reply-room.ts";
