/**
 * What workers tell each other, gathered for one tick and sent as one piece of bytes in each direction.
 *
 * A connection's worker ("home") sends announces, leaves and scrapes to the worker that owns the torrent; the owner
 * sends frames back to the homes of connections, and counts of scrapes. Batches between two workers arrive in the order
 * they were sent, which is what makes slots safe to use again. The same process wrote both ends: records are not
 * doubted.
 *
 * Every record is a whole number of 32-bit words in native byte order. Words 0 and 1 are its kind and its length in
 * bytes; then:
 *
 * | kind | words that follow |
 * |---|---|
 * | ANNOUNCE | reply (REPLY_…) and 256 where it may join, connection slot, connection serial, flags (event, left << 8, answer << 16), numwant, offers, message bytes; eight positions of info hash, peer id, offer id, answer (start, end of each, within the message); 80 bytes of ids; the hash of the client's address (client-limits.ts); for each offer four positions; for each offer its 20-byte id; the message |
 * | LEAVE | connection slot, connection serial: it has gone |
 * | STOP | connection slot, connection serial, info hash, peer id: one of its peers has stopped |
 * | OWED | connection slot, connection serial: it keeps up again, replies owed to it may be sent |
 * | PEERS | connection slot, connection serial, change: how many more peers, or fewer, it has |
 * | SCRAPE | scrape id, count; for each its index and 20 bytes |
 * | COUNTS | scrape id, count; for each its index, complete, incomplete, downloaded |
 * | FRAME | connection slot, connection serial, kind of frame, bytes; the frame |
 * | TAKEN | bytes of batches taken since the last one: what may be sent again |
 *
 * Example, little-endian: `02000000 10000000 07000000 2a000000` says that connection 7, serial 42, has gone.
 */
import {
  ID_BYTES,
  OFFER_RANGE_WORDS,
  type RequestRecord,
  writeRange,
} from "@swarmtide/ws-protocol";
import type { AnnouncingConnection, ConnectionAddress } from "./delivery.ts";

export const RECORD_ANNOUNCE = 1;
export const RECORD_LEAVE = 2;
export const RECORD_SCRAPE = 3;
export const RECORD_COUNTS = 4;
export const RECORD_FRAME = 5;
export const RECORD_TAKEN = 6;
export const RECORD_STOP = 7;
export const RECORD_OWED = 8;
export const RECORD_PEERS = 9;

/** Beside the reply in an announce: the connection may have one more peer. */
export const MAY_JOIN = 0x100;

export const HEAD_WORDS = 2;
export const IDS_WORD: number = HEAD_WORDS + 7 + 8;
export const ADDRESS_WORD: number = IDS_WORD + 20;
export const ANNOUNCE_FIXED_WORDS: number = ADDRESS_WORD + 1;
export const FRAME_FIXED_WORDS: number = HEAD_WORDS + 4;
/** Words of one entry of a SCRAPE record: its index, five of info hash. */
export const SCRAPE_ENTRY_WORDS = 6;
/** Words of one entry of a COUNTS record: its index and three counts. */
export const COUNTS_ENTRY_WORDS = 4;
/** Info hash and peer id, which stand first among the ids of a request. */
export const STOP_ID_WORDS = 10;
const BATCH_BYTES_MIN = 4096;

function wordsFor(bytes: number): number {
  return (bytes + 3) >>> 2;
}

/** What goes to one other worker at the end of the tick. */
export class BatchWriter {
  /** Bytes written since the last `clear`. */
  length = 0;
  bytes = new Uint8Array(BATCH_BYTES_MIN);
  /** Where the frame goes that `writeFrame` has made room for. */
  frameAt = 0;
  private words = new Int32Array(this.bytes.buffer);

  /** Whether it holds anything that the receiver has to report as taken: more than such reports. */
  needsTaking = false;

  clear(): void {
    this.length = 0;
    this.needsTaking = false;
  }

  /** Makes room for a record, writes its head and returns the index of its first word. */
  private begin(kind: number, words: number): number {
    const needed = this.length + 4 * words;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(1 << (32 - Math.clz32(needed - 1))); // hot-allow: as the batch doubles
      larger.set(this.bytes.subarray(0, this.length)); // hot-allow: the same
      this.bytes = larger;
      this.words = new Int32Array(larger.buffer); // hot-allow: the same
    }
    const at = this.length >>> 2;
    this.words[at] = kind;
    this.words[at + 1] = 4 * words;
    this.length = needed;
    if (kind !== RECORD_TAKEN) this.needsTaking = true;
    return at;
  }

  writeAnnounce(
    from: AnnouncingConnection,
    request: RequestRecord,
    reply: number,
    mayJoin: boolean,
  ): void {
    const { offers, messageStart, messageEnd } = request;
    const messageBytes = messageEnd - messageStart;
    const rest = offers * OFFER_RANGE_WORDS + wordsFor(messageBytes);
    const at = this.begin(RECORD_ANNOUNCE, ANNOUNCE_FIXED_WORDS + rest);
    const words = this.words;
    words[at + 2] = mayJoin ? reply | MAY_JOIN : reply;
    words[at + 3] = from.connectionSlot;
    words[at + 4] = from.connectionSerial;
    words[at + 5] = request.event | (request.left << 8) | (request.hasAnswer ? 0x10000 : 0);
    words[at + 6] = request.numwant;
    words[at + 7] = offers;
    words[at + 8] = messageBytes;
    words[at + 9] = request.infoHashStart - messageStart;
    words[at + 10] = request.infoHashEnd - messageStart;
    words[at + 11] = request.peerIdStart - messageStart;
    words[at + 12] = request.peerIdEnd - messageStart;
    words[at + 13] = request.offerIdStart - messageStart;
    words[at + 14] = request.offerIdEnd - messageStart;
    words[at + 15] = request.answerStart - messageStart;
    words[at + 16] = request.answerEnd - messageStart;
    this.bytes.set(request.ids, 4 * (at + IDS_WORD));
    words[at + ADDRESS_WORD] = from.addressHash;
    let position = at + ANNOUNCE_FIXED_WORDS;
    for (let index = 0; index < offers * OFFER_RANGE_WORDS; index++)
      words[position++] = request.offerRanges[index] - messageStart;
    writeRange(this.bytes, 4 * position, request.bytes, messageStart, messageEnd);
  }

  writeLeave(of: ConnectionAddress): void {
    this.beginOf(RECORD_LEAVE, HEAD_WORDS + 2, of);
  }

  writeStop(of: ConnectionAddress, request: RequestRecord): void {
    const at = this.beginOf(RECORD_STOP, HEAD_WORDS + 2 + STOP_ID_WORDS, of);
    writeRange(this.bytes, 4 * (at + 4), request.ids, 0, 4 * STOP_ID_WORDS);
  }

  writeOwed(to: ConnectionAddress): void {
    this.beginOf(RECORD_OWED, HEAD_WORDS + 2, to);
  }

  writePeers(of: ConnectionAddress, change: number): void {
    const at = this.beginOf(RECORD_PEERS, HEAD_WORDS + 3, of);
    this.words[at + 4] = change;
  }

  /** Begins a record about a connection. */
  private beginOf(kind: number, words: number, of: ConnectionAddress): number {
    const at = this.begin(kind, words);
    this.words[at + 2] = of.connectionSlot;
    this.words[at + 3] = of.connectionSerial;
    return at;
  }

  /** Begins a scrape of `count` info hashes; returns where `writeScrapeEntry` puts the first. */
  beginScrape(scrapeId: number, count: number): number {
    const at = this.begin(RECORD_SCRAPE, HEAD_WORDS + 2 + count * SCRAPE_ENTRY_WORDS);
    this.words[at + 2] = scrapeId;
    this.words[at + 3] = count;
    return at + 4;
  }

  writeScrapeEntry(at: number, index: number, infoHashes: Uint8Array): number {
    this.words[at] = index;
    const from = index * ID_BYTES;
    writeRange(this.bytes, 4 * (at + 1), infoHashes, from, from + ID_BYTES);
    return at + SCRAPE_ENTRY_WORDS;
  }

  /** Begins the counts of a scrape; returns where `writeCountsEntry` puts the first. */
  beginCounts(scrapeId: number, count: number): number {
    const at = this.begin(RECORD_COUNTS, HEAD_WORDS + 2 + count * COUNTS_ENTRY_WORDS);
    this.words[at + 2] = scrapeId;
    this.words[at + 3] = count;
    return at + 4;
  }

  writeCountsEntry(at: number, index: number, counts: Float64Array): number {
    this.words[at] = index;
    this.words[at + 1] = counts[0];
    this.words[at + 2] = counts[1];
    this.words[at + 3] = counts[2];
    return at + COUNTS_ENTRY_WORDS;
  }

  /** Makes room for a frame of so many bytes, to be written at `frameAt` at once. */
  writeFrame(to: ConnectionAddress, kind: number, frameBytes: number): void {
    const at = this.begin(RECORD_FRAME, FRAME_FIXED_WORDS + wordsFor(frameBytes));
    this.words[at + 2] = to.connectionSlot;
    this.words[at + 3] = to.connectionSerial;
    this.words[at + 4] = kind;
    this.words[at + 5] = frameBytes;
    this.frameAt = 4 * (at + FRAME_FIXED_WORDS);
  }

  writeTaken(bytes: number): void {
    const at = this.begin(RECORD_TAKEN, HEAD_WORDS + 1);
    this.words[at + 2] = bytes;
  }
}
