/**
 * Drives a DatagramHandler as a client would, without sockets: builds requests by hand (not with the codec it tests
 * against) and reads replies. Tests own one each.
 */
import { type Column, CounterTable, Histogram, RoundTimer } from "@swarmtide/metrics";
import {
  type AccessList,
  createSwarmStore,
  type LimitsConfig,
  limitsSection,
  type SwarmStore,
} from "@swarmtide/swarm";
import { defaultConfig } from "@swarmtide/toml-config";
import { replyBytesMaxOf } from "../answering.ts";
import { udpCounters } from "../counters.ts";
import { DatagramHandler } from "../hot/datagram-handler.ts";
import type { UdpTracker } from "../hot/udp-tracker.ts";
import type { UdpRequestConfig } from "../request-keys.ts";
import { testUdpTracker } from "./udp-tracker.ts";

export interface TestTrackerOptions {
  readonly accessList?: AccessList;
  /** What differs from the defaults of [udp]. */
  readonly config?: Partial<UdpRequestConfig>;
  readonly memoryBytesMax?: number;
  /** Without it there are no limits; what is not given has its default. */
  readonly limits?: Partial<LimitsConfig>;
}

export interface AnnounceFields {
  readonly infoHash?: number;
  readonly port?: number;
  readonly left?: bigint;
  readonly event?: number;
  readonly wanted?: number;
  readonly ip?: number;
}

const REQUEST_BYTES = 2048;
/** What the reply buffer is filled with before each request, to see what was written. */
const FILLER = 0xee;

export class TestTracker {
  readonly store: SwarmStore;
  readonly tracker: UdpTracker;
  readonly counterTable = CounterTable.create(udpCounters, 1);
  readonly latency = Histogram.create({ rows: 1 });
  readonly rounds = new RoundTimer(this.latency.row(0), 50, performance.now());
  private readonly request = new Uint8Array(REQUEST_BYTES);
  private readonly source = new Uint8Array(16);
  private readonly reply: Uint8Array;
  private readonly handler: DatagramHandler;
  readonly replyCapacity: number;

  constructor(options: TestTrackerOptions = {}) {
    this.store = createSwarmStore({
      memoryBytesMax: options.memoryBytesMax ?? 2 ** 26,
      limits: options.limits && { ...defaultConfig(limitsSection), ...options.limits },
    });
    this.tracker = testUdpTracker({
      store: this.store,
      counters: this.counterTable.familyRows(0),
      config: options.config ?? {},
      ...(options.accessList && { accessList: options.accessList }),
    });
    this.tracker.setNow(1000);
    this.replyCapacity = replyBytesMaxOf(this.tracker.config);
    this.reply = new Uint8Array(this.replyCapacity + 64);
    this.handler = new DatagramHandler(this.tracker, {
      requestBytes: this.request,
      requestWords: new Int32Array(this.request.buffer),
      sourceWords: new Int32Array(this.source.buffer),
      replyBytes: this.reply,
      replyHalfwords: new Uint16Array(this.reply.buffer),
    });
  }

  /** Sends one datagram from an address of 4 or 16 bytes; the answer is empty for silence. */
  send(datagram: Uint8Array, source: readonly number[] | Uint8Array): Buffer {
    const family = source.length === 4 ? 4 : 6;
    this.source.fill(0);
    this.source.set(source);
    // Bytes behind the datagram, as an earlier and longer one would have left them.
    this.request.fill(0xff);
    this.request.set(datagram);
    this.reply.fill(FILLER);
    const length = this.handler.answer(0, datagram.length, 0, family, 0);
    if (this.reply.subarray(this.replyCapacity).some((byte) => byte !== FILLER))
      throw new Error(`a reply of ${length} bytes ran over its slot of ${this.replyCapacity}`);
    return Buffer.from(this.reply.subarray(0, length));
  }

  connect(source: readonly number[] | Uint8Array): Buffer {
    return this.send(connectRequest(), source).subarray(8, 16);
  }

  announce(source: readonly number[] | Uint8Array, fields: AnnounceFields = {}): Buffer {
    return this.send(announceRequest(this.connect(source), fields), source);
  }

  /** Sum of a counter of both families. */
  count(column: Column<"udp">): number {
    return this.counterTable.sum(column);
  }
}

export const TRANSACTION_ID = 0x11223344;

export function connectRequest(): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(0x41727101980n, 0);
  bytes.writeInt32BE(TRANSACTION_ID, 12);
  return bytes;
}

export function infoHash(number: number): Buffer {
  return Buffer.alloc(20, `hash ${number} of a torrent..`);
}

export function announceRequest(connectionId: Uint8Array, fields: AnnounceFields = {}): Buffer {
  const bytes = Buffer.alloc(98);
  bytes.set(connectionId, 0);
  bytes.writeInt32BE(1, 8);
  bytes.writeInt32BE(TRANSACTION_ID, 12);
  bytes.set(infoHash(fields.infoHash ?? 1), 16);
  bytes.write("-ST0001-abcdefghijkl", 36, "latin1");
  bytes.writeBigInt64BE(fields.left ?? 100n, 64);
  bytes.writeInt32BE(fields.event ?? 0, 80);
  bytes.writeUInt32BE(fields.ip ?? 0, 84);
  bytes.writeInt32BE(fields.wanted ?? -1, 92);
  bytes.writeUInt16BE(fields.port ?? 6881, 96);
  return bytes;
}

export function scrapeRequest(connectionId: Uint8Array, hashes: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(16);
  header.set(connectionId, 0);
  header.writeInt32BE(2, 8);
  header.writeInt32BE(TRANSACTION_ID, 12);
  return Buffer.concat([header, ...hashes]);
}

export interface AnnounceReply {
  readonly intervalSeconds: number;
  readonly leechers: number;
  readonly seeders: number;
  /** "address bytes in hex:port" */
  readonly peers: string[];
}

/** Reads an announce reply; throws when it is another message or has a part of a peer. */
export function readAnnounceReply(reply: Buffer, family: 4 | 6): AnnounceReply {
  if (reply.readInt32BE(0) !== 1 || reply.readInt32BE(4) !== TRANSACTION_ID)
    throw new Error(`no announce reply: ${reply.toString("hex")}`);
  const width = family === 4 ? 6 : 18;
  const list = reply.subarray(20);
  if (list.length % width !== 0) throw new Error(`${list.length} bytes of peers`);
  const peers: string[] = [];
  for (let at = 0; at < list.length; at += width) {
    const address = list.subarray(at, at + width - 2).toString("hex");
    peers.push(`${address}:${list.readUInt16BE(at + width - 2)}`);
  }
  return {
    intervalSeconds: reply.readInt32BE(8),
    leechers: reply.readInt32BE(12),
    seeders: reply.readInt32BE(16),
    peers,
  };
}

/** The message of an error reply; throws when it is another message. */
export function readError(reply: Buffer): string {
  if (reply.readInt32BE(0) !== 3 || reply.readInt32BE(4) !== TRANSACTION_ID)
    throw new Error(`no error reply: ${reply.toString("hex")}`);
  return reply.subarray(8).toString();
}
