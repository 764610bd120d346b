/**
 * Announces and scrapes over UDP (BEP 15): a connection id first, then the request, each sent again while nothing comes.
 *
 * BEP 15 waits 15 s before it sends again; a person at a terminal does not, so the first wait is 2 s, and doubles.
 */
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { formatIpAddress, infoHashToHex } from "@swarmtide/bittorrent";
import {
  ANNOUNCE_REPLY_HEADER_BYTES,
  ANNOUNCE_REQUEST_BYTES,
  parseUdpReply,
  peerBytes,
  REPLY_ANNOUNCE,
  REPLY_CONNECT,
  REPLY_ERROR,
  REPLY_SCRAPE,
  readReplyConnectionIdHigh,
  readReplyConnectionIdLow,
  readReplyIntervalSeconds,
  readReplyLeechers,
  readReplyMessage,
  readReplyScrapeEntry,
  readReplySeeders,
  readReplyTransactionId,
  replyPeerCount,
  replyScrapeEntryCount,
  SCRAPE_INFO_HASH_BYTES,
  SCRAPE_INFO_HASHES_OFFSET,
  urlDataOptionBytes,
  writeAnnounceRequest,
  writeConnectRequest,
  writeScrapeRequest,
  writeUrlData,
} from "@swarmtide/udp-protocol";
import { ClientError } from "./client-error.ts";
import { type Deadline, openDeadline } from "./deadline.ts";
import type {
  AnnouncedPeer,
  AnnounceResult,
  FullAnnounce,
  RequestOptions,
  RequestTimings,
  ScrapeResult,
} from "./requests.ts";
import { type Resolved, resolveTracker } from "./resolve.ts";
import type { TrackerUrl } from "./tracker-url.ts";

const RESEND_MILLISECONDS_DEFAULT = 2000;
/** The most info hashes that fit a datagram of 1,500 bytes less its headers (BEP 15). */
const UDP_SCRAPE_HASHES_MAX = 74;
const CONNECT_REQUEST_BYTES = 16;

const transactionId = () => randomInt(0x8000_0000);

/** A socket of one request, and where it goes. */
class Conversation {
  readonly #socket: Socket;
  readonly #to: Resolved;
  readonly #port: number;
  readonly #deadline: Deadline;
  readonly #resendMilliseconds: number;

  constructor(to: Resolved, port: number, deadline: Deadline, options: RequestOptions) {
    this.#socket = createSocket(to.family === 6 ? "udp6" : "udp4");
    this.#to = to;
    this.#port = port;
    this.#deadline = deadline;
    this.#resendMilliseconds = options.resendMilliseconds ?? RESEND_MILLISECONDS_DEFAULT;
  }

  /** Sends a request until its answer comes. Throws `ClientError`. */
  ask(request: Uint8Array, id: number, expected: number, what: string): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#deadline;
      let wait = this.#resendMilliseconds;
      let timer: NodeJS.Timeout | undefined;
      const end = (error: Error | undefined, reply?: Uint8Array) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", expire);
        this.#socket.removeAllListeners("message").removeAllListeners("error");
        if (reply) resolve(reply);
        else reject(error);
      };
      const expire = () => end(this.#deadline.error(what));
      const send = () => {
        this.#socket.send(request, this.#port, this.#to.address);
        timer = setTimeout(send, wait);
        wait *= 2;
      };
      if (signal.aborted) return expire();
      signal.addEventListener("abort", expire, { once: true });
      this.#socket.on("error", (error) => end(this.#unreachable(error)));
      this.#socket.on("message", (reply) => {
        const kind = parseUdpReply(reply, 0, reply.length, this.#to.family);
        // Late answers to what was sent before, and datagrams of strangers, do not count.
        if (reply.length >= 8 && readReplyTransactionId(reply, 0) !== id) return;
        if (kind === expected) end(undefined, reply);
        else if (kind === REPLY_ERROR) end(this.#refused(reply));
        else end(this.#malformed(what));
      });
      send();
    });
  }

  close(): void {
    this.#socket.close();
  }

  #unreachable(error: Error): ClientError {
    return new ClientError("unreachable", `${this.#to.responder}: ${error.message}`);
  }

  #refused(reply: Uint8Array): ClientError {
    const message = readReplyMessage(reply, 0, reply.length);
    return new ClientError("refused", `${this.#to.responder} refused: ${message}`);
  }

  #malformed(what: string): ClientError {
    return new ClientError(
      "malformed",
      `${this.#to.responder} sent something else in place of ${what}`,
    );
  }
}

interface Connected {
  readonly to: Resolved;
  readonly conversation: Conversation;
  readonly connectionIdHigh: number;
  readonly connectionIdLow: number;
  readonly timings: Omit<RequestTimings, "responseMilliseconds">;
  readonly deadline: Deadline;
}

/** Opens a socket, gets a connection id, runs the request, closes the socket. */
async function connected<Result>(
  url: TrackerUrl,
  options: RequestOptions,
  run: (connected: Connected) => Promise<Result>,
): Promise<Result> {
  const deadline = openDeadline(url, options);
  const to = await resolveTracker(url, options, deadline);
  const resolveMilliseconds = deadline.step();
  const conversation = new Conversation(to, url.port, deadline, options);
  try {
    const request = new Uint8Array(CONNECT_REQUEST_BYTES);
    const id = transactionId();
    writeConnectRequest(request, 0, id);
    const reply = await conversation.ask(request, id, REPLY_CONNECT, "a connection id");
    return await run({
      to,
      conversation,
      connectionIdHigh: readReplyConnectionIdHigh(reply, 0),
      connectionIdLow: readReplyConnectionIdLow(reply, 0),
      timings: { resolveMilliseconds, connectMilliseconds: deadline.step() },
      deadline,
    });
  } finally {
    conversation.close();
  }
}

/** Announces over UDP. Throws `ClientError`. */
export function announceUdp(
  url: TrackerUrl,
  announce: FullAnnounce,
  options: RequestOptions,
): Promise<AnnounceResult> {
  return connected(url, options, async (connection) => {
    // BEP 41: trackers that tell their users apart do it by the path.
    const urlData = new TextEncoder().encode(url.announcePath === "/" ? "" : url.announcePath);
    const optionBytes = urlData.length === 0 ? 0 : urlDataOptionBytes(urlData.length);
    const request = new Uint8Array(ANNOUNCE_REQUEST_BYTES + optionBytes);
    const id = transactionId();
    writeAnnounceRequest(request, 0, {
      ...announce,
      peersWanted: announce.peersWanted ?? -1,
      connectionIdHigh: connection.connectionIdHigh,
      connectionIdLow: connection.connectionIdLow,
      transactionId: id,
      address: 0,
      key: randomInt(0x8000_0000),
    });
    if (optionBytes > 0) writeUrlData(request, ANNOUNCE_REQUEST_BYTES, urlData);
    const reply = await connection.conversation.ask(
      request,
      id,
      REPLY_ANNOUNCE,
      "an announce reply",
    );
    return {
      responder: connection.to.responder,
      family: connection.to.family,
      timings: { ...connection.timings, responseMilliseconds: connection.deadline.step() },
      intervalSeconds: readReplyIntervalSeconds(reply, 0),
      seeders: readReplySeeders(reply, 0),
      leechers: readReplyLeechers(reply, 0),
      peers: readPeers(reply, connection.to.family),
    };
  });
}

function readPeers(reply: Uint8Array, family: 4 | 6): AnnouncedPeer[] {
  const stride = peerBytes(family);
  const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
  return Array.from({ length: replyPeerCount(reply.length, family) }, (_, index) => {
    const at = ANNOUNCE_REPLY_HEADER_BYTES + index * stride;
    const end = at + stride - 2;
    return { address: formatIpAddress(reply.subarray(at, end)), port: view.getUint16(end) };
  });
}

/** Scrapes up to 74 torrents over UDP. Throws `ClientError`. */
export function scrapeUdp(
  url: TrackerUrl,
  infoHashes: readonly Uint8Array[],
  options: RequestOptions,
): Promise<ScrapeResult> {
  if (infoHashes.length > UDP_SCRAPE_HASHES_MAX)
    throw new ClientError(
      "url",
      `a UDP scrape holds ${UDP_SCRAPE_HASHES_MAX} info hashes, not ${infoHashes.length}`,
    );
  return connected(url, options, async (connection) => {
    const hashes = new Uint8Array(infoHashes.length * SCRAPE_INFO_HASH_BYTES);
    for (const [index, hash] of infoHashes.entries())
      hashes.set(hash, index * SCRAPE_INFO_HASH_BYTES);
    const request = new Uint8Array(SCRAPE_INFO_HASHES_OFFSET + hashes.length);
    const id = transactionId();
    writeScrapeRequest(request, 0, { ...connection, transactionId: id }, hashes);
    const reply = await connection.conversation.ask(request, id, REPLY_SCRAPE, "a scrape reply");
    const entries = Math.min(replyScrapeEntryCount(reply.length), infoHashes.length);
    return {
      responder: connection.to.responder,
      family: connection.to.family,
      timings: { ...connection.timings, responseMilliseconds: connection.deadline.step() },
      torrents: infoHashes.slice(0, entries).map((hash, index) => ({
        infoHash: infoHashToHex(hash),
        ...readReplyScrapeEntry(reply, 0, index),
      })),
    };
  });
}
