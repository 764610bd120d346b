/** How large a handler's reply buffer must be. Called when a worker starts, by the handler and by engines. */
import {
  announceReplyBytesMax,
  QUERY_TEXT_BYTES_MAX,
  SCRAPE_REPLY_ENTRY_BYTES_MAX,
  SCRAPE_REPLY_FRAME_BYTES_MAX,
} from "@swarmtide/http-protocol";
import { WARNING_FULL } from "./failures.ts";
import type { ReplyLimits } from "./handler-options.ts";

/** The largest head of an answer is some 110 bytes. */
const HEAD_BYTES_MAX = 160;
const REPLY_BUFFER_BYTES_MIN = 65536;
/** Address and port of an IPv6 peer, as the store writes them before they are moved to their place. */
const PEER_BYTES_MAX = 18;

/** The room that the body of any answer needs, its peers before they are moved included. */
function bodyBytesMax({ maxResponsePeers, maxScrapeTorrents }: ReplyLimits): number {
  const text = QUERY_TEXT_BYTES_MAX + WARNING_FULL.length;
  // The peers begin at an even offset.
  const peers = maxResponsePeers * PEER_BYTES_MAX + 2;
  const announce = announceReplyBytesMax(maxResponsePeers, text) + peers;
  const scrape = SCRAPE_REPLY_FRAME_BYTES_MAX + maxScrapeTorrents * SCRAPE_REPLY_ENTRY_BYTES_MAX;
  return Math.max(announce, scrape);
}

/** The room that one answer needs. */
export function oneReplyBytesMax(limits: ReplyLimits): number {
  return HEAD_BYTES_MAX + bodyBytesMax(limits);
}

/** The length of the reply buffer that a handler with these limits needs, now and after any reload. */
export function replyBytesMin({
  config,
  replyRoom,
}: {
  readonly config: ReplyLimits;
  readonly replyRoom?: ReplyLimits;
}): number {
  const room = oneReplyBytesMax(replyRoom ?? config);
  return Math.max(REPLY_BUFFER_BYTES_MIN, (room + 1) & ~1);
}
