/**
 * The frames that a client sends. The large one, an announce with offers, is written once as a template in which
 * only the ids change, so that the load costs the generator less than the tracker.
 *
 * Every id here takes the same number of bytes in JSON: ten ASCII characters and ten of two bytes. Random ids, as
 * clients choose them, are of such a mixture; the constant length is what keeps the places in the template.
 */
import {
  bytesToBinaryString,
  FRAME_HEADER_BYTES_MAX,
  formatAnnounce,
  ID_BYTES,
  OPCODE_PONG,
  OPCODE_TEXT,
  unmask,
  writeMaskedFrameHeader,
} from "@swarmtide/ws-protocol";
import { OfferBook } from "./offer-book.ts";

const ASCII_CHARACTERS = 10;
/** Codes U+00C0 to U+00FF, two bytes each in UTF-8. */
const TWO_BYTE_FIRST = 0xc0;
const ALPHABET = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-");
/** Masks have to be there; that they cannot be guessed matters to proxies, not to a tracker under load. */
const MASK_KEY = 0x5a17c3e9;
const LINE = "a=candidate:1 1 udp 2122260223 192.0.2.17 50000 typ host generation 0\r\n";

/** A new id. `kind` and `number` together make it unique. */
function makeId(kind: number, number: number): Uint8Array {
  const id = new Uint8Array(ID_BYTES);
  let rest = number;
  for (let index = 0; index < ID_BYTES; index++) {
    const digit = index < ASCII_CHARACTERS ? rest % 64 : (index * 7 + kind * 11 + number) & 63;
    rest = Math.floor(rest / 64);
    id[index] = index < ASCII_CHARACTERS ? (ALPHABET[digit] ?? 0) : TWO_BYTE_FIRST + digit;
  }
  id[ASCII_CHARACTERS - 1] = ALPHABET[kind & 63] ?? 0;
  return id;
}

/** An id as it stands between the quotes in JSON. */
export const idLiteral = (id: Uint8Array): Buffer => Buffer.from(bytesToBinaryString(id), "utf8");

/** A session description of that length; its line ends are two bytes here and four in JSON, as real ones are. */
export const makeSdp = (bytes: number): string =>
  LINE.repeat(Math.ceil(bytes / LINE.length)).slice(0, bytes);

/** A masked text frame around `payload`. */
export function textFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(payload.length + FRAME_HEADER_BYTES_MAX);
  const start = writeMaskedFrameHeader(frame, 0, OPCODE_TEXT, payload.length, MASK_KEY);
  frame.set(payload, start);
  unmask(frame, start, payload.length, MASK_KEY);
  return frame.subarray(0, start + payload.length);
}

/** A pong repeats what the ping carried; under a mask of zeros it stands there as it is. */
export function pongFrame(bytes: Uint8Array, offset: number, length: number): Buffer {
  const frame = Buffer.alloc(length + FRAME_HEADER_BYTES_MAX);
  const start = writeMaskedFrameHeader(frame, 0, OPCODE_PONG, length, 0);
  frame.set(bytes.subarray(offset, offset + length), start);
  return frame.subarray(0, start + length);
}

export const KIND_INFO_HASH = 0;
export const KIND_PEER_ID = 1;
export const KIND_OFFER_ID = 2;
/** An id in JSON: ten characters of one byte and ten of two. */
const LITERAL_BYTES = 30;
const QUOTE = 0x22;
const NO_DIGIT = 255;
/** What each byte stands for as a digit. */
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (const [digit, byte] of ALPHABET.entries()) DIGITS[byte] = digit;

/** The number that an id of this kind was made of, -1 for an id that is not of this load. */
export function numberOf(kind: number, id: Uint8Array, at = 0): number {
  if (id[at + ASCII_CHARACTERS - 1] !== ALPHABET[kind]) return -1;
  let number = 0;
  for (let index = ASCII_CHARACTERS - 2; index >= 0; index--) {
    const digit = DIGITS[id[at + index] ?? 0] ?? NO_DIGIT;
    if (digit === NO_DIGIT) return -1;
    number = number * 64 + digit;
  }
  return number;
}

/** The same for the id behind `key` in a JSON text; -1 also where it is written in another way than here. */
export function numberBehind(kind: number, key: Uint8Array, text: Buffer): number {
  const found = text.indexOf(key);
  if (found < 0) return -1;
  const at = found + key.length;
  return text[at + LITERAL_BYTES] === QUOTE ? numberOf(kind, text, at) : -1;
}

export const makeInfoHash = (number: number): Uint8Array => makeId(KIND_INFO_HASH, number);
export const makePeerId = (number: number): Uint8Array => makeId(KIND_PEER_ID, number);

/** Announces of one load: the same number and length of offers, other ids each time. */
export class AnnounceFrames {
  readonly #payload: Buffer;
  readonly #infoHashAt: number;
  readonly #peerIdAt: number;
  readonly #leftAt: number;
  readonly #offerIdsAt: readonly number[];
  /** The offers of all announces. */
  readonly book = new OfferBook();

  constructor(offers: number, sdpBytes: number) {
    const infoHash = makeInfoHash(0);
    const peerId = makePeerId(0);
    const offer = { type: "offer", sdp: makeSdp(sdpBytes) } as const;
    const offerIds = Array.from({ length: offers }, (_, index) => makeId(KIND_OFFER_ID, index));
    const text = formatAnnounce({
      infoHash,
      peerId,
      left: 1,
      numwant: offers,
      offers: offerIds.map((offerId) => ({ offer, offerId })),
    });
    this.#payload = Buffer.from(text, "utf8");
    this.#infoHashAt = this.#payload.indexOf(idLiteral(infoHash));
    this.#peerIdAt = this.#payload.indexOf(idLiteral(peerId));
    this.#leftAt = this.#payload.indexOf('"left":1') + '"left":'.length;
    this.#offerIdsAt = offerIds.map((id) => this.#payload.indexOf(idLiteral(id)));
  }

  /** The frame of one announce; `left` is 0 for a seeder, else 1. Ids as literals. */
  make(infoHash: Uint8Array, peerId: Uint8Array, left: 0 | 1): Buffer {
    const payload = this.#payload;
    payload.set(infoHash, this.#infoHashAt);
    payload.set(peerId, this.#peerIdAt);
    payload[this.#leftAt] = 0x30 + left;
    const client = numberOf(KIND_PEER_ID, peerId);
    const torrent = numberOf(KIND_INFO_HASH, infoHash);
    for (const at of this.#offerIdsAt) {
      let rest = this.book.make(client, torrent);
      for (let index = 0; index < ASCII_CHARACTERS - 1; index++) {
        payload[at + index] = ALPHABET[rest % 64] ?? 0;
        rest = Math.floor(rest / 64);
      }
    }
    return textFrame(payload);
  }
}
