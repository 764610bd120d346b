/**
 * Damaged requests without end, the same ones for the same seed: what a hostile or broken client could send. Used by the
 * mutation run beside it; one buffer, used again for each.
 *
 * A case is one to four requests in a row. Each is a proper one that may be cut short, spliced with another at any
 * byte, given header lines or query parameters that are known to be trouble, and edited byte by byte.
 */

import { announceRequestBytes, asciiBytes, scrapeRequestBytes } from "@swarmtide/http-protocol";
import { RandomSource } from "@swarmtide/test-kit";

export const CASE_BYTES_MAX = 16384;

/** Bytes that mean something to a parser. */
const SPICE = [0, 9, 10, 13, 32, 35, 37, 38, 43, 44, 45, 47, 48, 58, 61, 63, 91, 127, 128, 255];

/** Lines that decide where a request ends, who asks and whether the connection goes on, right and wrong. */
const HEADER_LINES = [
  "Content-Length: 0",
  "Content-Length: 5",
  "Content-Length: 5, 5",
  "Content-Length: +5",
  "Content-Length : 5",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: identity, chunked",
  "Expect: 100-continue",
  "Connection: close",
  "Connection: keep-alive",
  "Connection: close, upgrade",
  "Upgrade: websocket",
  "Upgrade: h2c",
  "Host: other",
  "Host:",
  " folded",
  "\tfolded",
  "no colon",
  ": no name",
  "X-Forwarded-For: 198.51.100.7",
  "X-Forwarded-For: 2001:db8::7, [2001:db8::8]:9, ::ffff:1.2.3.4",
  "X-Forwarded-For: ,, unknown, 10.0.0.9",
  "X-Forwarded-For:",
  "Forwarded: for=192.0.2.1",
  "A: \x80\xff",
  "A: b\x00c",
].map((line) => asciiBytes(`${line}\r\n`));

const PARAMETERS = [
  "&info_hash=%00",
  "&info_hash=bbbbbbbbbbbbbbbbbbbb",
  "&info_hash=",
  "&peer_id=%zz",
  "&port=0",
  "&port=65536",
  "&port=99999999999999999999",
  "&left=-1",
  "&left=x",
  "&event=paused",
  "&event=",
  "&event=%73topped",
  "&numwant=-5",
  "&numwant=4294967296",
  "&compact=0",
  "&no_peer_id=1",
  "&key=%ff%00",
  "&trackerid=%0d%0aX:%20y",
  "&%69nfo_hash=cccccccccccccccccccc",
  "&&==&bare&=",
  "&ip=127.0.0.1",
].map((text) => asciiBytes(text));

const LONG = new Uint8Array(9000).fill(0x61);

const BLANK = 0x20;
const LINE_FEED = 0x0a;
const QUESTION_MARK = 0x3f;

export class MutatedRequests {
  /** The current case is bytes[0..length). */
  readonly bytes = new Uint8Array(CASE_BYTES_MAX);
  length = 0;
  /** Whole numbers from 0 to 2^31 - 1. */
  readonly random: () => number;
  readonly #seeds: readonly Uint8Array[];

  constructor(seed: number) {
    this.random = makeRandom(seed);
    this.#seeds = makeSeeds();
  }

  /** Makes the next case. */
  next(): void {
    const { random } = this;
    this.length = 0;
    for (let requests = random() % 4; requests >= 0; requests--) {
      const start = this.length;
      this.#append(this.#pick(this.#seeds), 0);
      if (random() % 8 === 0) this.#splice(start);
      while (random() % 3 === 0) this.#insertHeader(start);
      while (random() % 3 === 0) this.#insertParameter(start);
      if (random() % 2 === 0) this.#edit(start);
      if (random() % 64 === 0) this.#stretch(start);
    }
    if (random() % 8 === 0) this.length = random() % (this.length + 1);
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.random() % items.length];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  #append(bytes: Uint8Array, from: number): void {
    const part = bytes.subarray(from, from + CASE_BYTES_MAX - this.length);
    this.bytes.set(part, this.length);
    this.length += part.length;
  }

  /** Goes on in the middle of another request. */
  #splice(start: number): void {
    const other = this.#pick(this.#seeds);
    this.length = start + (this.random() % (this.length - start + 1));
    this.#append(other, this.random() % other.length);
  }

  #insertHeader(start: number): void {
    const from = start + (this.random() % (this.length - start + 1));
    const lineFeed = this.bytes.subarray(0, this.length).indexOf(LINE_FEED, from);
    if (lineFeed >= 0) this.#insert(lineFeed + 1, this.#pick(HEADER_LINES));
  }

  #insertParameter(start: number): void {
    const line = this.bytes.subarray(0, this.length);
    const query = line.indexOf(QUESTION_MARK, start);
    if (query < 0) return;
    const blank = line.indexOf(BLANK, query);
    const inMiddle = this.random() % 2 === 0;
    this.#insert(inMiddle || blank < 0 ? query + 1 : blank, this.#pick(PARAMETERS));
  }

  /** Makes the first line or a header longer than any limit. */
  #stretch(start: number): void {
    this.#insert(start + (this.random() % (this.length - start + 1)), LONG);
  }

  #insert(at: number, part: Uint8Array): void {
    if (this.length + part.length > CASE_BYTES_MAX) return;
    this.bytes.copyWithin(at + part.length, at, this.length);
    this.bytes.set(part, at);
    this.length += part.length;
  }

  #edit(start: number): void {
    const { random, bytes } = this;
    for (let edits = random() % 5; edits >= 0 && this.length > start; edits--) {
      const at = start + (random() % (this.length - start));
      const byte = random() % 3 === 0 ? random() & 255 : this.#pick(SPICE);
      const kind = random() % 8;
      if (kind === 0 && this.length < CASE_BYTES_MAX) bytes.copyWithin(at + 1, at, this.length++);
      else if (kind === 1) bytes.copyWithin(at, at + 1, this.length--);
      if (kind !== 1) bytes[at] = byte;
    }
  }
}

function makeSeeds(): Uint8Array[] {
  const frame = { host: "tracker.example:3000", headers: ["User-Agent: x/1.0", "Accept: */*"] };
  const proxied = { host: "t", headers: ["X-Forwarded-For: 192.0.2.1, 2001:db8::1"] };
  const hash = (byte: number) => new Uint8Array(20).fill(byte);
  const announce = { infoHash: hash(1), peerId: hash(2), port: 6881, left: 0, event: 1 } as const;
  return [
    announceRequestBytes({ ...announce, peersWanted: 30, trackerId: hash(3) }, proxied),
    announceRequestBytes({ infoHash: hash(1), peerId: hash(5), port: 1, compact: false }, frame),
    scrapeRequestBytes([hash(1), hash(4), hash(1)], frame),
    scrapeRequestBytes(
      Array.from({ length: 100 }, (_, i) => hash(i)),
      proxied,
    ),
    ...[
      "HEAD /health HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "GET http://tracker.example/scrape?info_hash=aaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: t\r\n\r\n",
      "POST /announce HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc",
      "GET / HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n",
    ].map((text) => asciiBytes(text)),
  ];
}

/** Whole numbers from 0 to 2^31 - 1, the same ones for the same seed. */
export function makeRandom(seed: number): () => number {
  const source = new RandomSource(Math.imul(seed, 2654435761));
  return () => source.word() >>> 1;
}
