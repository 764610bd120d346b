/**
 * Who the peers of a worker's torrents are: a peer id of a connection, of any worker. Found by both; those of one connection
 * are chained, so that all leave with it.
 *
 * Owned by the worker that owns the torrents; a part of `Peers`. Layout: peer-layout.ts.
 */
import type { ConnectionAddress } from "./delivery.ts";
import { hashId, hashIdWords, isId, mixWord, putId } from "./id-words.ts";
import { LinearIndex } from "./linear-index.ts";
import {
  connectionWord,
  IDENTITY_CONNECTION,
  IDENTITY_NEXT,
  IDENTITY_PREVIOUS,
  IDENTITY_SERIAL,
  IDENTITY_WORDS,
  RECORDS_PER_2_BUCKETS,
  SLOT_BITS,
  SLOT_MASK,
} from "./peer-layout.ts";
import { RecordTable } from "./record-table.ts";

/** Connections of a worker for which there is room at first; doubled as slots are taken. */
const CONNECTIONS_MIN = 64;
/** Words for each connection: its first identity, and how many peers it has here. */
const CONNECTION_WORDS = 2;

export class Identities extends LinearIndex {
  private readonly secret: number;
  /** For each worker, two words for each of its connections, by slot. */
  private readonly connections: Int32Array[] = [];

  constructor(secret: number, workers: number, lengthMax: number) {
    super(new RecordTable(IDENTITY_WORDS, lengthMax), RECORDS_PER_2_BUCKETS);
    this.secret = secret;
    for (let worker = 0; worker < workers; worker++)
      this.connections.push(new Int32Array(CONNECTIONS_MIN * CONNECTION_WORDS));
  }

  /** The first identity of a connection, or 0. */
  firstOf(worker: number, slot: number): number {
    const words = this.connections[worker];
    const at = slot * CONNECTION_WORDS;
    return at < words.length ? words[at] : 0;
  }

  /** Peers that a connection has here. */
  peersOf(worker: number, slot: number): number {
    const words = this.connections[worker];
    const at = slot * CONNECTION_WORDS;
    return at < words.length ? words[at + 1] : 0;
  }

  /** One more peer of a connection, or one less. */
  countPeer(identity: number, change: number): void {
    const connection = this.table.words[identity * IDENTITY_WORDS + IDENTITY_CONNECTION];
    this.connections[connection >>> SLOT_BITS][(connection & SLOT_MASK) * CONNECTION_WORDS + 1] +=
      change;
  }

  /** The identity of a connection with the peer id at `at`, or 0. */
  find(of: ConnectionAddress, peerIds: Uint8Array, at: number): number {
    const { words } = this.table;
    const connection = connectionWord(of.worker, of.connectionSlot);
    const hash = mixWord(hashId(this.secret, peerIds, at), connection);
    let identity = this.first(hash);
    while (identity !== 0) {
      const word = identity * IDENTITY_WORDS;
      if (
        words[word + IDENTITY_CONNECTION] === connection &&
        words[word + IDENTITY_SERIAL] === of.connectionSerial &&
        isId(words, word, peerIds, at)
      )
        return identity;
      identity = words[word + IDENTITY_WORDS - 1];
    }
    return 0;
  }

  /** A new identity, without peers; there must be room for one. */
  insert(of: ConnectionAddress, peerIds: Uint8Array, at: number): number {
    const { worker, connectionSlot } = of;
    const identity = this.table.take();
    const { words } = this.table;
    const word = identity * IDENTITY_WORDS;
    putId(words, word, peerIds, at);
    words[word + IDENTITY_CONNECTION] = connectionWord(worker, connectionSlot);
    words[word + IDENTITY_SERIAL] = of.connectionSerial;
    const heads = this.headsFor(worker, connectionSlot);
    const next = heads[connectionSlot * CONNECTION_WORDS];
    words[word + IDENTITY_NEXT] = next;
    if (next !== 0) words[next * IDENTITY_WORDS + IDENTITY_PREVIOUS] = identity;
    heads[connectionSlot * CONNECTION_WORDS] = identity;
    this.link(identity, this.hashOf(identity));
    return identity;
  }

  private headsFor(worker: number, slot: number): Int32Array {
    const words = this.connections[worker];
    if ((slot + 1) * CONNECTION_WORDS <= words.length) return words;
    const larger = new Int32Array(2 * (slot + 1) * CONNECTION_WORDS); // hot-allow: as connections double
    larger.set(words);
    this.connections[worker] = larger;
    return larger;
  }

  remove(identity: number): void {
    const { words } = this.table;
    const word = identity * IDENTITY_WORDS;
    const next = words[word + IDENTITY_NEXT];
    const previous = words[word + IDENTITY_PREVIOUS];
    const connection = words[word + IDENTITY_CONNECTION];
    if (next !== 0) words[next * IDENTITY_WORDS + IDENTITY_PREVIOUS] = previous;
    if (previous !== 0) words[previous * IDENTITY_WORDS + IDENTITY_NEXT] = next;
    else
      this.connections[connection >>> SLOT_BITS][(connection & SLOT_MASK) * CONNECTION_WORDS] =
        next;
    this.unlink(identity, this.hashOf(identity));
    this.table.give(identity);
  }

  protected override hashOf(identity: number): number {
    const { words } = this.table;
    const word = identity * IDENTITY_WORDS;
    return mixWord(hashIdWords(this.secret, words, word), words[word + IDENTITY_CONNECTION]);
  }
}
