/**
 * One client of the load: a connection that is a peer in some torrents. It sends a request, reads until the reply
 * comes (offers and answers of others in between), and sends the next.
 *
 * A tracker may answer an answer with a reply of its own or with silence, so only a reply that names the torrent
 * last announced counts as the awaited one.
 */
import type { Socket } from "node:net";
import {
  BytePool,
  formatAnnounce,
  formatScrape,
  MessageReader,
  parseTrackerMessage,
  READ_CLOSE,
  READ_FAILED,
  READ_MORE,
  READ_PING,
  READ_TEXT,
} from "@swarmtide/ws-protocol";
import { nowMicroseconds } from "../tally.ts";
import { openLoadConnection } from "./load-connection.ts";
import type { LeavingClient, LoadShared, LoadTorrent } from "./load-shared.ts";
import {
  holdsRightOffer,
  isOfferText,
  isRightAnswer,
  isRightOffer,
  type Relayed,
} from "./message-checks.ts";
import {
  idLiteral,
  KIND_INFO_HASH,
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
  #isUpgraded = false;
  #next = 0;
  /** Replies to come before it leaves; 0 where connections are kept. */
  #repliesLeft: number;
  /** When it began to connect, where it comes in the place of one that left; else 0. */
  readonly #comingMicros: number;
  /** The latest TLS session that it can be resumed with. */
  session: Buffer | undefined;
  /** The latest offer answered in each torrent, to tell a failure that only says its maker has left. */
  readonly #answeredOffers = new Map<number, number>();
  #awaited: LoadTorrent | undefined;
  #awaitedKind = ANNOUNCE;
  #sentAtMs = 0;
  #sinceMicros = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosing = false;

  /** `leaver` is the client that this one comes in the place of. */
  constructor(
    shared: LoadShared,
    number: number,
    torrents: readonly LoadTorrent[],
    leaver?: LeavingClient,
  ) {
    this.#shared = shared;
    this.torrents = torrents;
    this.number = number;
    this.#peerId = makePeerId(number);
    this.#peerIdLiteral = idLiteral(this.#peerId);
    this.#left = Math.random() < SEEDER_SHARE ? 0 : 1;
    const { requestsPerConnection, tlsResumeShare } = shared.options;
    this.#repliesLeft = requestsPerConnection;
    this.session = leaver?.session;
    this.#comingMicros = leaver === undefined ? 0 : nowMicroseconds();
    const resumed = Math.random() < tlsResumeShare ? this.session : undefined;
    this.#socket = openLoadConnection(shared, number, resumed, {
      onUpgraded: () => this.#upgraded(),
      onData: (chunk, offset) => this.#readFrames(chunk, offset),
      onSession: (session) => {
        this.session = session;
      },
    });
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
    return this.#isUpgraded && !this.#socket.destroyed;
  }

  close(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #upgraded(): void {
    this.#isUpgraded = true;
    this.#shared.counts.connections++;
    if (!this.#shared.onIdle(this)) this.request(this.#comingMicros || nowMicroseconds());
  }

  #closed(reason: string): void {
    if (this.#isUpgraded) this.#shared.counts.connections--;
    const wasAwaited = this.#awaited !== undefined;
    this.#awaited = undefined;
    clearTimeout(this.#timer);
    this.#reader.close();
    if (this.#isClosing) return;
    // One that could not even connect has lost its request too.
    if (wasAwaited || !this.#isUpgraded) this.#shared.tally.lost++;
    this.#shared.counts.lost++;
    this.#shared.onLost(reason);
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
      else if (this.#isAboutLeaver(message.infoHash)) tally.late++;
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
    this.#repliesLeft--;
    tally.answered[kind] = (tally.answered[kind] ?? 0) + 1;
    tally.latencies.record(Math.max(0, Math.round(nowMicroseconds() - this.#sinceMicros)));
  }

  /** Whether this client is in that torrent. */
  #isOurs(infoHash: Uint8Array): boolean {
    return this.torrents.some((torrent) => Buffer.compare(torrent.infoHash, infoHash) === 0);
  }

  /** Whether the offer answered last in that torrent was made by a client that has left since: it cannot be delivered. */
  #isAboutLeaver(infoHash: Uint8Array | undefined): boolean {
    if (infoHash === undefined) return false;
    const offer = this.#answeredOffers.get(numberOf(KIND_INFO_HASH, infoHash));
    return offer !== undefined && this.#shared.frames.book.hasMakerLeft(offer);
  }

  /** Answers an offer, also one that is not right: what a tracker makes of it shows. */
  #answer({ infoHash, peerId: toPeerId, offerId }: Relayed, isRight: boolean): void {
    // A reply to it would be taken for the awaited one.
    if (this.#awaited && Buffer.compare(this.#awaited.infoHash, infoHash) === 0) return;
    const { frames, options } = this.#shared;
    if (isRight) {
      const offer = numberOf(KIND_OFFER_ID, offerId);
      frames.book.answer(offer, this.number);
      if (options.requestsPerConnection > 0)
        this.#answeredOffers.set(numberOf(KIND_INFO_HASH, infoHash), offer);
    }
    const answer = { type: "answer", sdp: makeSdp(options.sdpBytes) } as const;
    const text = formatAnnounce({
      infoHash,
      peerId: this.#peerId,
      answer: { answer, toPeerId, offerId },
    });
    this.#send(textFrame(Buffer.from(text, "utf8")));
  }

  /** The reply arrived or is lost: starts the next request, now or after the pause. */
  #proceed(): void {
    const wasAwaited = this.#awaited !== undefined;
    this.#awaited = undefined;
    const { pauseSeconds } = this.#shared.options;
    // A message that answers nothing ends no wait.
    if (!wasAwaited) return;
    if (this.#repliesLeft === 0 && this.#shared.options.requestsPerConnection > 0) {
      this.close();
      this.#shared.onLeave(this);
      return;
    }
    if (this.#shared.onIdle(this)) return;
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
