/**
 * What a client writes: the GET requests of an announce and a scrape. Used by load testers, tests and commands; the
 * tracker never calls this.
 */
import { type AnnounceEvent, announceEventName, EVENT_NONE } from "@swarmtide/bittorrent";
import { asciiBytes } from "./hot/byte-class.ts";

/** An announce from the client's side. Absent fields are not sent. */
export interface AnnounceParameters {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly uploaded?: number;
  readonly downloaded?: number;
  readonly left?: number;
  readonly event?: AnnounceEvent;
  readonly peersWanted?: number;
  readonly compact?: boolean;
  readonly noPeerId?: boolean;
  readonly key?: Uint8Array;
  readonly trackerId?: Uint8Array;
}

/** Where and how a request is sent. */
export interface RequestFrame {
  /** The Host header. */
  readonly host: string;
  /** Path before `/announce` or `/scrape`; "" by default. */
  readonly pathPrefix?: string;
  /** Whole header lines to add, such as `Connection: close`. */
  readonly headers?: readonly string[];
}

const HEX = "0123456789ABCDEF";

/** Percent-encodes every byte that is not unreserved in RFC 3986. */
export function encodePercent(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9._~-]/.test(character) ? character : `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  }
  return text;
}

/** The query string of an announce. */
export function announceQueryString(parameters: AnnounceParameters): string {
  const parts = [
    `info_hash=${encodePercent(parameters.infoHash)}`,
    `peer_id=${encodePercent(parameters.peerId)}`,
    `port=${parameters.port}`,
  ];
  if (parameters.uploaded !== undefined) parts.push(`uploaded=${parameters.uploaded}`);
  if (parameters.downloaded !== undefined) parts.push(`downloaded=${parameters.downloaded}`);
  if (parameters.left !== undefined) parts.push(`left=${parameters.left}`);
  if (parameters.event !== undefined && parameters.event !== EVENT_NONE)
    parts.push(`event=${announceEventName(parameters.event)}`);
  if (parameters.peersWanted !== undefined) parts.push(`numwant=${parameters.peersWanted}`);
  if (parameters.compact !== undefined) parts.push(`compact=${parameters.compact ? 1 : 0}`);
  if (parameters.noPeerId) parts.push("no_peer_id=1");
  if (parameters.key) parts.push(`key=${encodePercent(parameters.key)}`);
  if (parameters.trackerId) parts.push(`trackerid=${encodePercent(parameters.trackerId)}`);
  return parts.join("&");
}

/** The bytes of an announce request. */
export function announceRequestBytes(
  parameters: AnnounceParameters,
  frame: RequestFrame,
): Uint8Array {
  return getRequestBytes(`/announce?${announceQueryString(parameters)}`, frame);
}

/** The bytes of a scrape request. */
export function scrapeRequestBytes(
  infoHashes: readonly Uint8Array[],
  frame: RequestFrame,
): Uint8Array {
  const query = infoHashes.map((infoHash) => `info_hash=${encodePercent(infoHash)}`).join("&");
  return getRequestBytes(`/scrape?${query}`, frame);
}

/** The bytes of a GET request; `target` begins with a slash. */
function getRequestBytes(target: string, frame: RequestFrame): Uint8Array {
  const lines = [`GET ${frame.pathPrefix ?? ""}${target} HTTP/1.1`, `Host: ${frame.host}`];
  return asciiBytes(`${[...lines, ...(frame.headers ?? [])].join("\r\n")}\r\n\r\n`);
}
