/**
 * Announces and scrapes over WebTorrent's protocol, WebSocket with and without TLS; docs/protocol/ws.md describes it.
 *
 * The library `ws` speaks WebSocket; this file says where to connect, measures, and reads the messages. `WsTracker`
 * stays open, since a WebTorrent peer exists as long as its connection: checks and programs hold several at once.
 */
import { isIP } from "node:net";
import { announceEventName, EVENT_NONE, infoHashToHex } from "@swarmtide/bittorrent";
import {
  type AnnounceMessage,
  formatAnnounce,
  formatScrape,
  parseTrackerMessage,
  type TrackerMessage,
} from "@swarmtide/ws-protocol";
import { WebSocket } from "ws";
import { ClientError } from "./client-error.ts";
import { type Deadline, openDeadline } from "./deadline.ts";
import type {
  AnnounceResult,
  FullAnnounce,
  RequestOptions,
  RequestTimings,
  ScrapeResult,
} from "./requests.ts";
import { type Resolved, resolveTracker } from "./resolve.ts";
import type { TrackerUrl } from "./tracker-url.ts";

/** A message of a tracker carries one session description, some kilobytes. */
const MESSAGE_BYTES_MAX = 1 << 20;

/** One connection to a WebTorrent tracker. */
export class WsTracker {
  readonly to: Resolved;
  readonly timings: Omit<RequestTimings, "responseMilliseconds">;
  readonly #socket: WebSocket;
  readonly #received: TrackerMessage[] = [];
  #failure: ClientError | undefined;
  #wake: () => void = () => undefined;

  private constructor(
    to: Resolved,
    timings: Omit<RequestTimings, "responseMilliseconds">,
    socket: WebSocket,
  ) {
    this.to = to;
    this.timings = timings;
    this.#socket = socket;
    socket.on("message", (data, isBinary) => this.#receive(String(data), isBinary));
    socket.on("error", (error) => this.#fail("unreachable", error.message));
    socket.on("close", (code) => this.#fail("unreachable", `closed the connection (${code})`));
  }

  /** Connects. Throws `ClientError`. */
  static async open(
    url: TrackerUrl,
    options: RequestOptions,
    deadline: Deadline,
  ): Promise<WsTracker> {
    const to = await resolveTracker(url, options, deadline);
    const resolveMilliseconds = deadline.step();
    const socket = new WebSocket(url.href, {
      lookup: (_host, settings, found) => {
        if (settings.all) found(null, [{ address: to.address, family: to.family }]);
        else found(null, to.address, to.family);
      },
      ...(isIP(url.host) ? {} : { servername: url.host }),
      rejectUnauthorized: !options.isInsecure,
      perMessageDeflate: false,
      maxPayload: MESSAGE_BYTES_MAX,
    });
    await new Promise<void>((resolve, reject) => {
      const expire = () => {
        reject(deadline.error("a WebSocket connection"));
        socket.terminate();
      };
      deadline.signal.addEventListener("abort", expire, { once: true });
      socket.once("open", () => {
        deadline.signal.removeEventListener("abort", expire);
        resolve();
      });
      // Stays, since ending a connection that has not opened emits one more.
      socket.on("error", (error) =>
        reject(new ClientError("unreachable", `${to.responder}: ${error.message}`)),
      );
    });
    return new WsTracker(to, { resolveMilliseconds, connectMilliseconds: deadline.step() }, socket);
  }

  announce(message: AnnounceMessage): void {
    this.#socket.send(formatAnnounce(message));
  }

  scrape(infoHashes: readonly Uint8Array[]): void {
    this.#socket.send(formatScrape(infoHashes));
  }

  /** The first message that `pick` takes, whether it has come already or not. Throws `ClientError`. */
  async receive<Message extends TrackerMessage>(
    pick: (message: TrackerMessage) => message is Message,
    what: string,
    deadline: Deadline,
  ): Promise<Message> {
    for (;;) {
      const index = this.#received.findIndex(
        (message) => pick(message) || message.kind === "failure",
      );
      const message = this.#received[index];
      if (message !== undefined) {
        this.#received.splice(index, 1);
        if (pick(message)) return message;
        if (message.kind === "failure")
          throw new ClientError("refused", `${this.to.responder} refused: ${message.reason}`);
      }
      if (this.#failure) throw this.#failure;
      if (deadline.signal.aborted) throw deadline.error(what);
      await this.#news(deadline.signal);
    }
  }

  close(): void {
    this.#socket.close();
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#wake = wake;
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #receive(text: string, isBinary: boolean): void {
    const message = isBinary ? undefined : parseTrackerMessage(text);
    if (message) this.#received.push(message);
    else this.#fail("malformed", `sent what is not a tracker's message: ${text.slice(0, 80)}`);
    this.#wake();
  }

  #fail(reason: "malformed" | "unreachable", message: string): void {
    this.#failure ??= new ClientError(reason, `${this.to.responder}: ${message}`);
    this.#wake();
  }
}

/** Picks the reply to an announce. */
export const isAnnounceReply = (
  message: TrackerMessage,
): message is Extract<TrackerMessage, { kind: "announce" }> => message.kind === "announce";

/** Picks the reply to a scrape. */
export const isScrapeReply = (
  message: TrackerMessage,
): message is Extract<TrackerMessage, { kind: "scrape" }> => message.kind === "scrape";

/** Announces without offers and hangs up. Throws `ClientError`. */
export async function announceWs(
  url: TrackerUrl,
  announce: FullAnnounce,
  options: RequestOptions,
): Promise<AnnounceResult> {
  const deadline = openDeadline(url, options);
  const tracker = await WsTracker.open(url, options, deadline);
  try {
    tracker.announce(wsAnnounce(announce));
    const reply = await tracker.receive(isAnnounceReply, "an announce reply", deadline);
    return {
      responder: tracker.to.responder,
      family: tracker.to.family,
      timings: { ...tracker.timings, responseMilliseconds: deadline.step() },
      intervalSeconds: reply.intervalSeconds,
      seeders: reply.complete,
      leechers: reply.incomplete,
      peers: [],
    };
  } finally {
    tracker.close();
  }
}

function wsAnnounce({ infoHash, peerId, left, event, peersWanted }: FullAnnounce): AnnounceMessage {
  const name = announceEventName(event);
  const known =
    name === "started" || name === "completed" || name === "stopped" || name === "paused";
  return {
    infoHash,
    peerId,
    left,
    numwant: peersWanted ?? 0,
    ...(event !== EVENT_NONE && known ? { event: name } : {}),
  };
}

/** Scrapes over WebTorrent's protocol. Throws `ClientError`. */
export async function scrapeWs(
  url: TrackerUrl,
  infoHashes: readonly Uint8Array[],
  options: RequestOptions,
): Promise<ScrapeResult> {
  const deadline = openDeadline(url, options);
  const tracker = await WsTracker.open(url, options, deadline);
  try {
    tracker.scrape(infoHashes);
    const reply = await tracker.receive(isScrapeReply, "a scrape reply", deadline);
    const files = new Map(reply.files.map((file) => [infoHashToHex(file.infoHash), file]));
    return {
      responder: tracker.to.responder,
      family: tracker.to.family,
      timings: { ...tracker.timings, responseMilliseconds: deadline.step() },
      torrents: infoHashes.flatMap((hash) => {
        const infoHash = infoHashToHex(hash);
        const file = files.get(infoHash);
        if (file === undefined) return [];
        const { complete, downloaded, incomplete } = file;
        return [{ infoHash, seeders: complete, completed: downloaded, leechers: incomplete }];
      }),
    };
  } finally {
    tracker.close();
  }
}
