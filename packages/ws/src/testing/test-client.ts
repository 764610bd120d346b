/**
 * A client of a tracker without sockets, for tests and benchmarks: its connection's socket takes what is written when it is
 * told to, and every frame that goes out is read back.
 */
import assert from "node:assert/strict";
import {
  type AnnounceMessage,
  BytePool,
  formatAnnounce,
  formatScrape,
  MessageReader,
  messageMemory,
  OPCODE_TEXT,
  parseTrackerMessage,
  READ_AT,
  READ_BYTES,
  READ_CLOSE,
  READ_FAILED,
  READ_MORE,
  READ_PING,
  READ_PONG,
  READ_TEXT,
  type TrackerMessage,
  unmask,
  writeMaskedFrameHeader,
} from "@swarmtide/ws-protocol";
import type { ClientAddress } from "../hot/client-limits.ts";
import type { Connection } from "../hot/connection.ts";
import type { WebTorrentTracker } from "../hot/tracker.ts";

/** Twenty bytes that begin with the letters of a name. */
export function idOf(name: string | number): Uint8Array {
  const bytes = new Uint8Array(20).fill(0x2e);
  bytes.set(new TextEncoder().encode(String(name)).subarray(0, 20));
  return bytes;
}

/** The name in such an id. */
export const nameOf = (id: Uint8Array): string =>
  Buffer.from(id).toString("latin1").replace(/\.+$/, "");

const MASK = 0x0badcafe;
const TEXTS_MAX = 100;

/** A client's frame. */
export function clientFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const out = new Uint8Array(payload.length + 14);
  const at = writeMaskedFrameHeader(out, 0, opcode, payload.length, MASK);
  out.set(payload, at);
  unmask(out, at, payload.length, MASK);
  return out.slice(0, at + payload.length);
}

/** An offer to be put into an announce. */
export const offerOf = (name: string | number, sdp = `v=0 ${name}`) => ({
  offer: { type: "offer" as const, sdp },
  offerId: idOf(name),
});

/** A client behind a connection, and the connection's socket. */
export class TestClient {
  readonly connection: Connection;
  readonly messages: TrackerMessage[] = [];
  /** The texts of the first messages as they came, taken or not. */
  readonly texts: string[] = [];
  sentBytes = 0;
  pings = 0;
  pongs = 0;
  lastPong: Uint8Array | undefined;
  writes = 0;
  closeCode: number | undefined;
  socket: "open" | "ended" | "aborted" = "open";
  /** Which client it is, for who wants to tell. */
  number = 0;
  /** Whether what is written stays unsent until `drain`. */
  isStalled = false;
  #usesMessageMemory = false;
  readonly #tracker: WebTorrentTracker;
  readonly #reader = new MessageReader(new BytePool(), false, 1 << 24, true);
  readonly #unsent: Uint8Array[] = [];

  constructor(tracker: WebTorrentTracker, client?: ClientAddress) {
    this.#tracker = tracker;
    const sink = {
      write: (bytes: Uint8Array) => {
        assert.equal(this.socket, "open", "a write after the end");
        this.writes++;
        this.#unsent.push(bytes);
        if (!this.isStalled) this.drain();
      },
      close: (isAborted: boolean) => {
        assert.equal(this.socket, "open", "closed twice");
        this.socket = isAborted ? "aborted" : "ended";
      },
    };
    this.connection = tracker.open(sink, client);
  }

  /** Lets what was written leave, and reads it. */
  drain(): void {
    for (let bytes = this.#unsent.shift(); bytes; bytes = this.#unsent.shift()) {
      this.#read(bytes.slice());
      // What is lent must not be read any more once it is reported as written.
      bytes.fill(0xff);
      this.#tracker.written(this.connection);
    }
  }

  /** Lets the oldest write leave, and reads it. */
  drainOne(): void {
    const bytes = this.#unsent.shift();
    if (bytes === undefined) return;
    this.#read(bytes.slice());
    bytes.fill(0xff);
    this.#tracker.written(this.connection);
  }

  #read(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.push(bytes, 0, bytes.length);
    for (let read = reader.next(); read !== READ_MORE; read = reader.next()) {
      assert.notEqual(read, READ_FAILED, "the tracker broke the protocol");
      assert.equal(this.closeCode, undefined, "a frame after the close frame");
      if (read === READ_PING) this.pings++;
      else if (read === READ_PONG) {
        this.pongs++;
        this.lastPong = reader.bytes.slice(reader.offset, reader.offset + reader.length);
      } else if (read === READ_CLOSE) this.closeCode = reader.closeCode;
      else {
        assert.equal(read, READ_TEXT, "the tracker sends text");
        const { offset, length } = reader;
        const text = Buffer.from(reader.bytes.subarray(offset, offset + length)).toString("utf8");
        const message = parseTrackerMessage(text);
        assert.ok(message, `no tracker's message: ${text}`);
        if (this.texts.length < TEXTS_MAX) this.texts.push(text);
        this.messages.push(message);
      }
    }
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
    // A copy, since it is unmasked in place; every other time where sockets are read to, so that vectors reach it.
    this.#usesMessageMemory = !this.#usesMessageMemory;
    if (this.#usesMessageMemory && bytes.length <= READ_BYTES) {
      const memory = messageMemory().bytes;
      memory.set(bytes, READ_AT);
      this.#tracker.receive(this.connection, memory, READ_AT, bytes.length);
    } else {
      this.#tracker.receive(this.connection, new Uint8Array(bytes), 0, bytes.length);
    }
  }

  sendText(text: string): void {
    this.sendBytes(clientFrame(OPCODE_TEXT, new TextEncoder().encode(text)));
  }

  sendJson(value: unknown): void {
    this.sendText(JSON.stringify(value));
  }

  announce(
    message: Omit<AnnounceMessage, "infoHash" | "peerId"> & { torrent: string; peer: string },
  ): void {
    const { torrent, peer, ...rest } = message;
    this.sendText(formatAnnounce({ ...rest, infoHash: idOf(torrent), peerId: idOf(peer) }));
  }

  /** Answers an offer that came. */
  answer(peer: string, offer: TrackerMessage): void {
    assert.equal(offer.kind, "offer");
    if (offer.kind !== "offer") return;
    this.announce({
      torrent: nameOf(offer.infoHash),
      peer,
      answer: {
        answer: { type: "answer", sdp: `answer to ${nameOf(offer.offerId)}` },
        toPeerId: offer.peerId,
        offerId: offer.offerId,
      },
    });
  }

  scrape(...torrents: string[]): void {
    this.sendText(formatScrape(torrents.map(idOf)));
  }

  /** The socket is gone. */
  hangUp(): void {
    this.#tracker.closed(this.connection);
  }

  /** Takes the messages that have come, of one kind or all. */
  take(kind?: TrackerMessage["kind"]): TrackerMessage[] {
    const taken = this.messages.filter((message) => kind === undefined || message.kind === kind);
    const left = this.messages.filter((message) => !taken.includes(message));
    this.messages.splice(0, this.messages.length, ...left);
    return taken;
  }

  /** The one message that has come; in short words. */
  takeWords(): string[] {
    return this.take().map(wordsOf);
  }
}

/** A message in short words, for tests to compare. */
export function wordsOf(message: TrackerMessage): string {
  switch (message.kind) {
    case "announce":
      return `${nameOf(message.infoHash)}: ${message.complete} complete, ${message.incomplete} incomplete`;
    case "offer":
    case "answer":
      return `${nameOf(message.infoHash)}: ${message.kind} ${nameOf(message.offerId)} of ${nameOf(message.peerId)}`;
    case "scrape":
      return message.files
        .map(
          (file) =>
            `${nameOf(file.infoHash)} ${file.complete}/${file.incomplete}/${file.downloaded}`,
        )
        .join(", ");
    case "failure":
      return `failure: ${message.reason}`;
  }
}
