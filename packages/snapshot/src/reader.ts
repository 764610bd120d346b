/**
 * Reads a stream of records (docs/protocol/records.md) chunk by chunk, and says precisely what of it is damaged. Called by
 * whoever restores, checks or exports a snapshot; owns one buffer, which each chunk overwrites.
 *
 * A damaged body is passed over: its header says where the next chunk begins. Behind a damaged header the reader looks for
 * the next header that is whole. So everything that is sound is read, whatever lies between.
 */
import {
  type ChunkHeader,
  decodeChunkHeader,
  decodeStreamHeader,
  decodeTotals,
  type StreamHeader,
  type StreamRefusal,
  streamVersion,
} from "./records/chunk.ts";
import { decompress, hasCompression } from "./records/compression.ts";
import { crc32 } from "./records/crc32.ts";
import {
  CHUNK_BODY_BYTES_MAX,
  CHUNK_END,
  CHUNK_HEADER_BYTES,
  STREAM_HEADER_BYTES,
  STREAM_VERSION,
} from "./records/layout.ts";

/** Bytes to read from any place: a file, or memory. */
export interface ByteSource {
  readonly size: number;
  /** Fills `target` with the bytes from `at`; returns how many there were. */
  read(at: number, target: Uint8Array): number;
}

export interface Chunk {
  readonly header: ChunkHeader;
  /** Decompressed; valid until the next chunk is read. */
  readonly body: Uint8Array;
}

/** How much is looked at together for the next whole header. */
const SEARCH_BYTES = 2 ** 16;
/** The first problems are told one by one, the others are counted. */
const PROBLEMS_MAX = 20;

/** Thrown by the constructor of SnapshotReader: this is not a stream that can be read. The message says why. */
export class UnreadableStream extends Error {}

export class SnapshotReader {
  readonly header: StreamHeader;
  /** What is wrong, one line each, at most PROBLEMS_MAX; and how many more there are. */
  readonly problems: string[] = [];
  problemsUntold = 0;
  /** Chunks, records and peers whose chunk was sound. */
  chunks = 0;
  records = 0;
  peersIpv4 = 0;
  peersIpv6 = 0;
  /** True once the end was read and everything before it was there. */
  isWhole = false;
  readonly #source: ByteSource;
  #buffer: Uint8Array = new Uint8Array(0);
  readonly #headerBytes = new Uint8Array(CHUNK_HEADER_BYTES);
  #at = STREAM_HEADER_BYTES;
  #nextNumber = 0;
  #bodyBytes = 0;
  #isOver = false;

  constructor(source: ByteSource) {
    this.#source = source;
    const bytes = new Uint8Array(STREAM_HEADER_BYTES);
    const header = decodeStreamHeader(bytes.subarray(0, source.read(0, bytes)));
    if (typeof header === "string") throw new UnreadableStream(describeRefusal(header, bytes));
    if (!hasCompression(header.compression))
      throw new UnreadableStream(
        `compressed with ${header.compression}, which Node ${process.versions.node} lacks; expected Node 22.15 or newer`,
      );
    this.header = header;
  }

  /** The next sound chunk of swarms; undefined once there is none. */
  next(): Chunk | undefined {
    while (!this.#isOver) {
      const header = this.#readHeader();
      if (header === undefined) break;
      const bodyAt = this.#at + CHUNK_HEADER_BYTES;
      const stored = this.#memoryFor(header.storedBytes);
      const read = this.#source.read(bodyAt, stored);
      const name = header.kind === CHUNK_END ? "the end" : `chunk ${header.number}`;
      if (read < header.storedBytes) {
        this.#tell(bodyAt + read, `cut in ${name}, ${header.storedBytes - read} bytes are missing`);
        this.#isOver = true;
        return undefined;
      }
      this.#checkNumber(header);
      this.#at = bodyAt + header.storedBytes;
      const body = this.#unpack(header, stored);
      if (body === undefined) this.#tell(bodyAt, `the body of ${name} is damaged`);
      else if (header.kind === CHUNK_END) return this.#readEnd(body);
      else {
        this.#count(header);
        return { header, body };
      }
      if (header.kind === CHUNK_END) break;
    }
    this.#isOver = true;
    return undefined;
  }

  /** Tells that a sound chunk holds other records than its header says. */
  tellMalformed({ number }: ChunkHeader): void {
    this.#tell(this.#at, `chunk ${number} ends here and its records are not as its header says`);
  }

  /** Bytes for a body, in memory of twice the size where what there is does not do. */
  #memoryFor(storedBytes: number): Uint8Array {
    // A body that is larger than the whole source is cut anyway.
    const bytes = Math.min(storedBytes, this.#source.size);
    if (this.#buffer.length < bytes)
      this.#buffer = new Uint8Array(Math.min(CHUNK_BODY_BYTES_MAX, 2 * bytes));
    return this.#buffer.subarray(0, bytes);
  }

  #unpack(header: ChunkHeader, stored: Uint8Array): Uint8Array | undefined {
    if (crc32(stored) !== header.bodyCrc) return undefined;
    return decompress(stored, header.bodyBytes, this.header.compression);
  }

  #count({ records, peersIpv4, peersIpv6, bodyBytes }: ChunkHeader): void {
    this.chunks++;
    this.records += records;
    this.peersIpv4 += peersIpv4;
    this.peersIpv6 += peersIpv6;
    this.#bodyBytes += bodyBytes;
  }

  /** The header at this place, or the next whole one behind it. */
  #readHeader(): ChunkHeader | undefined {
    const { size } = this.#source;
    const read = this.#source.read(this.#at, this.#headerBytes);
    const header = decodeChunkHeader(this.#headerBytes.subarray(0, read));
    if (header !== undefined) return header;
    if (read < CHUNK_HEADER_BYTES) {
      this.#tell(size, "cut: the end is missing");
      return undefined;
    }
    const damagedAt = this.#at;
    const found = this.#searchHeader();
    const until = found === undefined ? "nothing behind it is sound" : `up to byte ${this.#at}`;
    this.#tell(damagedAt, `the header of a chunk is damaged; ${until}`);
    return found;
  }

  #searchHeader(): ChunkHeader | undefined {
    const window = new Uint8Array(Math.min(SEARCH_BYTES, this.#source.size));
    for (let at = this.#at + 1; at + CHUNK_HEADER_BYTES <= this.#source.size; ) {
      const read = this.#source.read(at, window);
      for (let i = 0; i + CHUNK_HEADER_BYTES <= read; i++) {
        // "S" of SWAR or "D" of DONE.
        if (window[i] !== 0x53 && window[i] !== 0x44) continue;
        const header = decodeChunkHeader(window.subarray(i, i + CHUNK_HEADER_BYTES));
        if (header === undefined || header.number < this.#nextNumber) continue;
        this.#at = at + i;
        return header;
      }
      if (read < CHUNK_HEADER_BYTES) break;
      at += read - CHUNK_HEADER_BYTES + 1;
    }
    return undefined;
  }

  #checkNumber({ number }: ChunkHeader): void {
    if (number !== this.#nextNumber)
      this.#tell(this.#at, `chunk ${number} follows where ${this.#nextNumber} is expected`);
    this.#nextNumber = number + 1;
  }

  #readEnd(body: Uint8Array): undefined {
    this.#isOver = true;
    const totals = decodeTotals(body);
    const isAll =
      totals.records === this.records &&
      totals.peersIpv4 === this.peersIpv4 &&
      totals.peersIpv6 === this.peersIpv6 &&
      totals.bodyBytes === this.#bodyBytes;
    const lost = totals.peersIpv4 + totals.peersIpv6 - this.peersIpv4 - this.peersIpv6;
    if (!isAll)
      this.#tell(
        this.#at,
        `the end counts ${totals.records} records and ${lost} peers more than were read: ${totals.records - this.records} records are missing`,
      );
    if (this.#at < this.#source.size)
      this.#tell(this.#at, `${this.#source.size - this.#at} bytes follow behind the end`);
    this.isWhole = isAll && this.problems.length === 0;
    return undefined;
  }

  #tell(at: number, text: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(`byte ${at}: ${text}`);
    else this.problemsUntold++;
  }
}

function describeRefusal(refusal: StreamRefusal, bytes: Uint8Array): string {
  switch (refusal) {
    case "short":
      return `cut within the first ${STREAM_HEADER_BYTES} bytes`;
    case "magic":
      return "not a snapshot of swarmtide";
    case "crc":
      return "its header is damaged";
    case "compression":
      return "compressed in a way that this version does not know";
    case "version": {
      const version = streamVersion(bytes);
      const age = version > STREAM_VERSION ? "a newer" : "an older";
      return `written in version ${version} of the format by ${age} swarmtide; expected version ${STREAM_VERSION}`;
    }
  }
}
