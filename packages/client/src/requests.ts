/**
 * What a client asks of a tracker and what it is told, the same for all protocols.
 *
 * Shared by the client of each protocol, the command line and programs. The clients allocate freely: they send a
 * request at a time.
 */
import { randomBytes } from "node:crypto";
import {
  type AnnounceEvent,
  EVENT_NONE,
  INFO_HASH_BYTES,
  PEER_ID_BYTES,
} from "@swarmtide/bittorrent";
import { ClientError } from "./client-error.ts";

/** An announce. All but the info hash may be left out. */
export interface AnnounceRequest {
  /** 20 bytes. */
  readonly infoHash: Uint8Array;
  /** 20 bytes; random ones by default. */
  readonly peerId?: Uint8Array;
  /** The port on which the peer listens; 6881 by default. WebTorrent has none. */
  readonly port?: number;
  /** Bytes; 0 by default. */
  readonly uploaded?: number;
  /** Bytes; 0 by default. */
  readonly downloaded?: number;
  /** Bytes left to download: 0 for a seeder; 1 by default. */
  readonly left?: number;
  readonly event?: AnnounceEvent;
  /** How many peers the tracker may return; the tracker's own number by default. */
  readonly peersWanted?: number;
}

/** How a request is sent. */
export interface RequestOptions {
  /** Everything together: name, connection, answer. 15,000 by default. */
  readonly timeoutMilliseconds?: number;
  /** Use addresses of this family only. By default the first address that the resolver names. */
  readonly family?: 4 | 6;
  /** UDP: how long to wait before a request is sent again; each wait is twice the one before. 2,000 by default. */
  readonly resendMilliseconds?: number;
  /** Accept certificates that nobody trusts. */
  readonly isInsecure?: boolean;
}

/** Milliseconds, each from the end of the step before. */
export interface RequestTimings {
  /** The name became an address. */
  readonly resolveMilliseconds: number;
  /** UDP: a connection id; HTTP and WebTorrent: a connection, TLS and upgrade included. */
  readonly connectMilliseconds: number;
  /** The request was answered. */
  readonly responseMilliseconds: number;
}

/** Which tracker answered, and how fast. */
export interface Responder {
  /** `203.0.113.5:6969` or `[2001:db8::1]:6969`. */
  readonly responder: string;
  readonly family: 4 | 6;
  readonly timings: RequestTimings;
}

/** A peer of an answer. */
export interface AnnouncedPeer {
  readonly address: string;
  readonly port: number;
}

/** What an announce returns. Counts that the tracker left out are undefined. */
export interface AnnounceResult extends Responder {
  readonly intervalSeconds: number;
  readonly minIntervalSeconds?: number;
  readonly seeders?: number;
  readonly leechers?: number;
  readonly completed?: number;
  /** Always empty over WebTorrent, where peers meet by offers. */
  readonly peers: readonly AnnouncedPeer[];
  readonly warning?: string;
}

/** The counts of one torrent. */
export interface ScrapedTorrent {
  /** 40 hexadecimal digits. */
  readonly infoHash: string;
  readonly seeders: number;
  readonly completed: number;
  readonly leechers: number;
}

/** What a scrape returns, in the order of the question; torrents that the tracker left out are missing. */
export interface ScrapeResult extends Responder {
  readonly torrents: readonly ScrapedTorrent[];
}

export const TIMEOUT_MILLISECONDS_DEFAULT = 15_000;
const PORT_DEFAULT = 6881;
/** Azureus style (BEP 20): the client's two letters and its version. */
const PEER_ID_PREFIX = "-ST0100-";

/** An announce with everything filled in. */
export interface FullAnnounce {
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  readonly event: AnnounceEvent;
  readonly peersWanted: number | undefined;
}

/** Twenty bytes that name this client and nobody else. */
export function randomPeerId(): Uint8Array {
  const peerId = new Uint8Array(randomBytes(PEER_ID_BYTES));
  for (let i = 0; i < PEER_ID_PREFIX.length; i++) peerId[i] = PEER_ID_PREFIX.charCodeAt(i);
  return peerId;
}

/** Fills in what was left out. Throws `ClientError` for lengths and numbers that no protocol can carry. */
export function fullAnnounce(request: AnnounceRequest): FullAnnounce {
  const full: FullAnnounce = {
    infoHash: request.infoHash,
    peerId: request.peerId ?? randomPeerId(),
    port: request.port ?? PORT_DEFAULT,
    uploaded: request.uploaded ?? 0,
    downloaded: request.downloaded ?? 0,
    left: request.left ?? 1,
    event: request.event ?? EVENT_NONE,
    peersWanted: request.peersWanted,
  };
  requireInfoHash(full.infoHash);
  if (full.peerId.length !== PEER_ID_BYTES)
    throw new ClientError("url", `a peer id has ${PEER_ID_BYTES} bytes, not ${full.peerId.length}`);
  if (!Number.isInteger(full.port) || full.port < 0 || full.port > 65_535)
    throw new ClientError("url", `a port is 0 to 65535, not ${full.port}`);
  return full;
}

/** Throws `ClientError` unless an info hash has its 20 bytes. */
export function requireInfoHash(infoHash: Uint8Array): void {
  if (infoHash.length !== INFO_HASH_BYTES)
    throw new ClientError(
      "url",
      `an info hash has ${INFO_HASH_BYTES} bytes, not ${infoHash.length}`,
    );
}
