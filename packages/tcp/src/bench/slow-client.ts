/**
 * A WebTorrent client over a plain socket that reads as slowly as it is told, for the bench of slow readers: what it is sent is
 * counted by kind, and of each answer how long it was on its way. In the thread of the bench.
 */
import { connect, type Socket } from "node:net";
import {
  BytePool,
  formatAnnounce,
  MessageReader,
  OPCODE_TEXT,
  parseTrackerMessage,
  READ_MORE,
  READ_TEXT,
  type TrackerMessage,
  unmask,
  writeMaskedFrameHeader,
} from "@swarmtide/ws-protocol";

const MASK = 0x0badcafe;
const HEADER_BYTES_MAX = 14;
const MESSAGE_BYTES_MAX = 1 << 20;
const READ_BYTES = 4096;
/** An SDP of a browser with one data channel takes some 1,500 characters. */
const SDP_REST = "a=candidate:1 1 udp 2122260223 192.0.2.1 46243 typ host\r\n".repeat(26);

export interface Heard {
  announces: number;
  offers: number;
  answers: number;
  failures: number;
  /** Seconds that each answer took from who made it. */
  readonly answerSeconds: number[];
}

export class SlowClient {
  readonly heard: Heard = { announces: 0, offers: 0, answers: 0, failures: 0, answerSeconds: [] };
  readonly socket: Socket;
  readonly #infoHash: Uint8Array;
  readonly #peerId: Uint8Array;
  readonly #reader = new MessageReader(new BytePool(), false, MESSAGE_BYTES_MAX, true);
  #isUpgraded = false;
  /** Bytes that may be read now; below zero where the last read took more. */
  #allowance = 0;
  #made = 0;

  /** Connects; what comes before the first frame is the head of the upgrade response. */
  constructor(port: number, infoHash: Uint8Array, name: number) {
    this.#infoHash = infoHash;
    this.#peerId = idOf(name);
    // Little is read ahead of what is allowed, as over a slow link.
    const buffer = new Uint8Array(READ_BYTES);
    this.socket = connect({
      ...{ host: "127.0.0.1", port },
      onread: { buffer, callback: (length) => this.#arrived(buffer, length) },
    });
    this.socket.on("error", () => this.socket.destroy());
  }

  announce(offers: number): void {
    const made = Array.from({ length: offers }, () => ({
      offer: { type: "offer" as const, sdp: `v=0\r\n${SDP_REST}` },
      offerId: idOf(this.#peerId[0] ?? 0, this.#peerId[1], ++this.#made),
    }));
    this.#send({ left: 1, numwant: offers, offers: made });
  }

  /** Lets it read so many bytes more, and answer the offers among them. */
  read(bytes: number): void {
    this.#allowance = Math.min(this.#allowance, 0) + bytes;
    if (this.#allowance > 0) this.socket.resume();
  }

  /** Whether to go on reading. */
  #arrived(buffer: Uint8Array, length: number): boolean {
    this.#allowance -= length;
    let start = 0;
    if (!this.#isUpgraded) {
      const end = Buffer.from(buffer.buffer, 0, length).indexOf("\r\n\r\n");
      if (end < 0) return true;
      this.#isUpgraded = true;
      start = end + 4;
    }
    this.#reader.push(buffer, start, length - start);
    for (let read = this.#reader.next(); read !== READ_MORE; read = this.#reader.next()) {
      const { bytes, offset, length: textBytes } = this.#reader;
      if (read !== READ_TEXT) continue;
      const text = Buffer.from(bytes.subarray(offset, offset + textBytes)).toString();
      const message = parseTrackerMessage(text);
      if (message !== undefined) this.#take(message);
    }
    return this.#allowance > 0;
  }

  #take(message: TrackerMessage): void {
    const { heard } = this;
    if (message.kind === "offer") {
      heard.offers++;
      const sdp = `${performance.now().toFixed(0)} ${SDP_REST}`;
      this.#send({
        answer: {
          answer: { type: "answer", sdp },
          toPeerId: message.peerId,
          offerId: message.offerId,
        },
      });
    } else if (message.kind === "answer") {
      heard.answers++;
      const made = Number.parseFloat(message.description.sdp);
      heard.answerSeconds.push((performance.now() - made) / 1000);
    } else if (message.kind === "announce") heard.announces++;
    else heard.failures++;
  }

  #send(message: Omit<Parameters<typeof formatAnnounce>[0], "infoHash" | "peerId">): void {
    const ids = { infoHash: this.#infoHash, peerId: this.#peerId };
    const payload = new TextEncoder().encode(formatAnnounce({ ...message, ...ids }));
    const frame = new Uint8Array(payload.length + HEADER_BYTES_MAX);
    const at = writeMaskedFrameHeader(frame, 0, OPCODE_TEXT, payload.length, MASK);
    frame.set(payload, at);
    unmask(frame, at, payload.length, MASK);
    this.socket.write(frame.subarray(0, at + payload.length));
  }
}

/** Twenty bytes of a few numbers. */
export function idOf(...numbers: readonly (number | undefined)[]): Uint8Array {
  const id = new Uint8Array(20);
  numbers.forEach((number = 0, index) => {
    id[2 * index] = number & 255;
    id[2 * index + 1] = (number >>> 8) & 255;
    id[12 + index] = number >>> 16;
  });
  return id;
}
