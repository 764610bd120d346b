/**
 * One client of the load: a connection that is a peer in some torrents. It sends a request, reads until the reply
 * comes (offers and answers of others in between), and sends the next.
 *
 * A tracker may answer an answer with a reply of its own or with silence, so only a reply that names the torrent
 * last announced counts as the awaited one.
 */
import { randomBytes } from "node:crypto";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import {
  BytePool,
  formatAnnounce,
  formatScrape,
  formatUpgradeRequest,
  MessageReader,
  parseTrackerMessage,
  parseUpgradeReply,
  READ_CLOSE,
  READ_FAILED,
  READ_MORE,
  READ_PING,
  READ_TEXT,
  UPGRADE_MORE,
  UPGRADE_OK,
} from "@swarmtide/ws-protocol";
import { nowMicroseconds } from "../tally.ts";
import type { LoadShared, LoadTorrent } from "./load-shared.ts";
import {
  holdsRightOffer,
  isOfferText,
  isRightAnswer,
  isRightOffer,
  type Relayed,
} from "./message-checks.ts";
import {
  idLiteral,
  KIND_OFFER_ID,
  makePeerId,
  makeSdp,
  numberOf,
  pongFrame,
  textFrame,
} from "./request-frames.ts";

/** Kinds of requests, in the order of WS_KINDS. */
const ANNOUNCE = 0;
const SCRAPE = 1;
export const WS_KINDS: readonly string[] = ["announce", "scrape"];

const MESSAGE_BYTES_MAX = 1 << 22;
/** A share of peers that have all of their torrents; aquatic's load tester takes the same. */
const SEEDER_SHARE = 0.25;
const pool = new BytePool();

export class LoadClient {
  readonly #shared: LoadShared;
  readonly torrents: readonly LoadTorrent[];
  readonly number: number;
  readonly #peerId: Uint8Array;
  readonly #peerIdLiteral: Uint8Array;
  readonly #left: 0 | 1;
  readonly #reader = new MessageReader(pool, false, MESSAGE_BYTES_MAX, false);
  readonly #socket: Socket;
  readonly #key = randomBytes(16).toString("base64");
  #head: Buffer | undefined = Buffer.alloc(0);
  #next = 0;
  #awaited: LoadTorrent | undefined;
  #awaitedKind = ANNOUNCE;
  #sentAtMs = 0;
  #sinceMicros = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(shared: LoadShared, number: number, torrents: readonly LoadTorrent[]) {
    this.#shared = shared;
    this.torrents = torrents;
    this.number = number;
    this.#peerId = makePeerId(number);
    this.#peerIdLiteral = idLiteral(this.#peerId);
    this.#left = Math.random() < SEEDER_SHARE ? 0 : 1;
    const { host, port, tls, sourceAddresses } = shared.options;
    const hasSources = sourceAddresses > 0 && host.startsWith("127.");
    const localAddress = hasSources ? `127.0.0.${1 + (number % sourceAddresses)}` : undefined;
    const target = { host, port, localAddress };
    this.#socket = tls
      ? connectTls({ ...target, rejectUnauthorized: false }, () => this.#upgrade())
      : connectPlain({ ...target }, () => this.#upgrade());
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    let reason = "closed by the tracker";
    this.#socket.on("error", (error) => {
      reason = error.message;
    });
    this.#socket.on("close", () => this.#closed(reason));
  }

  /** Sends the next request where the reply to the last has not come for so long. */
  insist(nowMs: number, patienceMs: number): void {
    if (this.#awaited === undefined || nowMs - this.#sentAtMs < patienceMs) return;
    this.#shared.counts.unanswered++;
    this.#shared.tally.lost++;
    this.#proceed();
  }

  /** Whether a request of this client has no reply yet. */
  get isWaiting(): boolean {
    return this.#awaited !== undefined;
  }

  /** Whether it can be asked to send a request. */
  get isOpen(): boolean {
    return this.#head === undefined && !this.#socket.destroyed;
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #upgrade(): void {
    const { host, port } = this.#shared.options;
    const request = { host: `${host}:${port}`, target: "/", key: this.#key };
    this.#socket.write(formatUpgradeRequest(request));
  }

  #closed(reason: string): void {
    if (this.#head === undefined) this.#shared.counts.connections--;
    const wasAwaited = this.#awaited !== undefined;
    this.#awaited = undefined;
    clearTimeout(this.#timer);
    this.#reader.close();
    if (this.#isClosing) return;
    // One that could not even connect has lost its request too.
    if (wasAwaited || this.#head !== undefined) this.#shared.tally.lost++;
    this.#shared.counts.lost++;
    this.#shared.onLost(reason);
  }

  #read(chunk: Buffer): void {
    if (this.#head === undefined) {
      this.#readFrames(chunk, 0);
      return;
    }
    const head = Buffer.concat([this.#head, chunk]);
    const reply = parseUpgradeReply(head, 0, head.length, this.#key);
    this.#head = head;
    if (reply.status === UPGRADE_MORE) return;
    if (reply.status !== UPGRADE_OK) {
      this.#socket.destroy(new Error(`refused with HTTP status ${reply.code}`));
      return;
    }
    this.#head = undefined;
    this.#shared.counts.connections++;
    if (!this.#shared.onIdle(this)) this.request(nowMicroseconds());
    this.#readFrames(head, reply.headBytes);
  }

  #readFrames(chunk: Buffer, offset: number): void {
    const reader = this.#reader;
    reader.push(chunk, offset, chunk.length - offset);
    for (let read = reader.next(); read !== READ_MORE; read = reader.next()) {
      if (read === READ_TEXT) this.#message(reader.bytes, reader.offset, reader.length);
      else if (read === READ_PING)
        this.#socket.write(pongFrame(reader.bytes, reader.offset, reader.length));
      else if (read === READ_FAILED || read === READ_CLOSE) {
        this.#socket.destroy(new Error(`the tracker closed with code ${reader.closeCode}`));
        return;
      }
    }
  }

  #message(bytes: Uint8Array, offset: number, length: number): void {
    const { counts, frames, options, tally } = this.#shared;
    counts.received++;
    const payload = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length);
    // Most messages are offers that nobody answers: where ids are written as here, those are not parsed.
    const isUnanswered = isOfferText(payload) && Math.random() >= options.answerShare;
    if (isUnanswered && holdsRightOffer(payload, this, frames.book)) {
      counts.offers++;
      tally.offers++;
      return;
    }
    const message = parseTrackerMessage(payload.toString("utf8"));
    if (message === undefined || message.kind === "failure") {
      counts.errors++;
      if (message === undefined) tally.malformed++;
      else tally.errors++;
      this.#proceed();
    } else if (message.kind === "offer") {
      counts.offers++;
      const isRight = isRightOffer(message, this, frames.book);
      if (isRight) tally.offers++;
      else tally.unknown++;
      if (!isUnanswered) this.#answer(message, isRight);
    } else if (message.kind === "answer") {
      counts.answers++;
      if (isRightAnswer(message, this, frames.book)) tally.answers++;
      else tally.unknown++;
    } else if (message.kind === "scrape") {
      counts.scrapes++;
      if (this.#awaited && this.#awaitedKind === SCRAPE) this.#answered(SCRAPE);
      else tally.unknown++;
      this.#proceed();
    } else {
      counts.announces++;
      if (this.#awaited && Buffer.compare(this.#awaited.infoHash, message.infoHash) === 0) {
        this.#answered(ANNOUNCE);
        this.#proceed();
      } else if (!this.#isOurs(message.infoHash)) tally.unknown++;
    }
  }

  #answered(kind: number): void {
    const { tally } = this.#shared;
    tally.answered[kind] = (tally.answered[kind] ?? 0) + 1;
    tally.latencies.record(Math.max(0, Math.round(nowMicroseconds() - this.#sinceMicros)));
  }

  /** Whether this client is in that torrent. */
  #isOurs(infoHash: Uint8Array): boolean {
    return this.torrents.some((torrent) => Buffer.compare(torrent.infoHash, infoHash) === 0);
  }

  /** Answers an offer, also one that is not right: what a tracker makes of it shows. */
  #answer({ infoHash, peerId: toPeerId, offerId }: Relayed, isRight: boolean): void {
    // A reply to it would be taken for the awaited one.
    if (this.#awaited && Buffer.compare(this.#awaited.infoHash, infoHash) === 0) return;
    const { frames, options } = this.#shared;
    if (isRight) frames.book.answer(numberOf(KIND_OFFER_ID, offerId), this.number);
    const answer = { type: "answer", sdp: makeSdp(options.sdpBytes) } as const;
    const text = formatAnnounce({
      infoHash,
      peerId: this.#peerId,
      answer: { answer, toPeerId, offerId },
    });
    this.#send(textFrame(Buffer.from(text, "utf8")));
  }

  /** The reply is there, or lost: what comes next, now or after the pause. */
  #proceed(): void {
    const wasAwaited = this.#awaited !== undefined;
    this.#awaited = undefined;
    const { pauseSeconds } = this.#shared.options;
    // A message that answers nothing ends no wait.
    if (!wasAwaited || this.#shared.onIdle(this)) return;
    if (pauseSeconds === 0) {
      this.request(nowMicroseconds());
      return;
    }
    clearTimeout(this.#timer);
    // Between half and one and a half of it, so that clients that began together spread.
    const delayMs = pauseSeconds * 1000 * (0.5 + Math.random());
    this.#timer = setTimeout(() => this.request(nowMicroseconds()), delayMs);
  }

  /** Sends the next request; its latency begins at `sinceMicros`. */
  request(sinceMicros: number): void {
    const { frames, options, tally } = this.#shared;
    const torrent = this.torrents[this.#next++ % this.torrents.length];
    if (torrent === undefined) return;
    this.#awaited = torrent;
    this.#sentAtMs = performance.now();
    this.#sinceMicros = sinceMicros;
    this.#awaitedKind = Math.random() < options.scrapeShare ? SCRAPE : ANNOUNCE;
    tally.sent[this.#awaitedKind] = (tally.sent[this.#awaitedKind] ?? 0) + 1;
    this.#send(
      this.#awaitedKind === SCRAPE
        ? textFrame(Buffer.from(formatScrape([torrent.infoHash]), "utf8"))
        : frames.make(torrent.literal, this.#peerIdLiteral, this.#left),
    );
  }

  #send(frame: Buffer): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(frame);
    this.#shared.counts.sent++;
  }
}
