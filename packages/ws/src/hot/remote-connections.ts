/**
 * Connections that other nodes of a cluster hold, as far as they have peers in this worker's torrents: found by what their node
 * calls them, kept under a slot and a serial of this worker's own, so that peers of other nodes lie in its tables as those of one
 * further worker.
 *
 * Owned by the worker that owns the torrents; a part of `RemotePeers`. A serial is never given twice, so that what was offered to a
 * connection is not answered by one that has come into its slot: other nodes choose their serials themselves.
 *
 * | word | meaning                                                     |
 * |------|-------------------------------------------------------------|
 * | 0    | the node's number                                           |
 * | 1    | the lane: its worker that owns the torrents                 |
 * | 2, 3 | the connection there: worker << 24 and slot, serial         |
 * | 4    | its serial here                                             |
 * | 5    | chain                                                       |
 *
 * Example: slot 7 of worker 1, serial 42, as lane 0 of node 3 knows it, the ninth that came: `00000003 00000000 01000007 0000002a
 * 00000009`.
 */
import type { MutableAddress } from "./connection-address.ts";
import { mixWord } from "./id-words.ts";
import { LinearIndex } from "./linear-index.ts";
import { RECORDS_PER_2_BUCKETS } from "./peer-layout.ts";
import { RecordTable } from "./record-table.ts";

const WORDS = 6;
const NODE = 0;
const LANE = 1;
const CONNECTION = 2;
const SERIAL = 3;
const OWN_SERIAL = 4;

export class RemoteConnections extends LinearIndex {
  /** The number of the worker that they seem to belong to: one behind the last. */
  readonly worker: number;
  private readonly secret: number;
  private lastSerial = 0;

  constructor(worker: number, secret: number, lengthMax: number) {
    super(new RecordTable(WORDS, lengthMax), RECORDS_PER_2_BUCKETS);
    this.worker = worker;
    this.secret = secret;
  }

  /** The slot of a connection, or 0. */
  find(node: number, lane: number, connection: number, serial: number): number {
    const { words } = this.table;
    let slot = this.first(this.hashFor(node, lane, connection, serial));
    for (; slot !== 0; slot = words[(slot + 1) * WORDS - 1]) {
      const word = slot * WORDS;
      if (
        words[word + CONNECTION] === connection &&
        words[word + SERIAL] === serial &&
        words[word + NODE] === node &&
        words[word + LANE] === lane
      )
        return slot;
    }
    return 0;
  }

  /** A slot for a connection that has none; there must be one available. */
  insert(node: number, lane: number, connection: number, serial: number): number {
    const slot = this.table.take();
    const { words } = this.table;
    const word = slot * WORDS;
    this.lastSerial = (this.lastSerial + 1) | 0;
    words[word + NODE] = node;
    words[word + LANE] = lane;
    words[word + CONNECTION] = connection;
    words[word + SERIAL] = serial;
    words[word + OWN_SERIAL] = this.lastSerial;
    this.link(slot, this.hashFor(node, lane, connection, serial));
    return slot;
  }

  /** Its last peer has left. */
  remove(slot: number): void {
    this.unlink(slot, this.hashOf(slot));
    this.table.give(slot);
  }

  /** The address under which its peers are found here. */
  readAddress(slot: number, out: MutableAddress): void {
    out.worker = this.worker;
    out.connectionSlot = slot;
    out.connectionSerial = this.table.words[slot * WORDS + OWN_SERIAL];
  }

  nodeOf(slot: number): number {
    return this.table.words[slot * WORDS + NODE];
  }

  laneOf(slot: number): number {
    return this.table.words[slot * WORDS + LANE];
  }

  /** What its node calls it, as `connectionWord` makes it. */
  connectionOf(slot: number): number {
    return this.table.words[slot * WORDS + CONNECTION];
  }

  serialOf(slot: number): number {
    return this.table.words[slot * WORDS + SERIAL];
  }

  private hashFor(node: number, lane: number, connection: number, serial: number): number {
    return mixWord(mixWord(mixWord(mixWord(this.secret, node), lane), connection), serial);
  }

  protected override hashOf(slot: number): number {
    const { words } = this.table;
    const word = slot * WORDS;
    return this.hashFor(
      words[word + NODE],
      words[word + LANE],
      words[word + CONNECTION],
      words[word + SERIAL],
    );
  }
}
