/**
 * One family of the overload bench: a worker's socket, and a client's on the same thread. No worker thread, so that the bench
 * decides how much processor time the worker is given.
 */
import { closeFd, DatagramBatch, openUdpSocket } from "@swarmtide/linux";
import { Histogram, RoundTimer } from "@swarmtide/metrics";
import { MmsgSocket } from "../engines/mmsg/hot/mmsg-socket.ts";
import type { ConnectionIds } from "../hot/connection-id.ts";
import type { UdpTracker } from "../hot/udp-tracker.ts";
import { replyBytesMax } from "../reply-bytes.ts";

export type Family = 4 | 6;

const BATCH = 64;
/** The default of udp.socket_recv_buffer_size. */
const QUEUE_BYTES = 8_000_000;
const LOOPBACK = {
  4: Uint8Array.of(127, 0, 0, 1),
  6: Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0)),
};

export class OverloadPlace {
  readonly fd: number;
  readonly worker: MmsgSocket;
  readonly id = Buffer.alloc(8);
  readonly #family: Family;
  readonly #client: number;
  readonly #outgoing: DatagramBatch;
  readonly #incoming: DatagramBatch;
  #queued = 0;

  constructor(family: Family, tracker: UdpTracker, ids: ConnectionIds) {
    const address = LOOPBACK[family];
    const open = () => openUdpSocket({ family, address, port: 0, receiveBufferBytes: QUEUE_BYTES });
    const { fd, port } = open();
    this.fd = fd;
    this.#client = open().fd;
    this.#family = family;
    const histogram = Histogram.create({ rows: 1, precisionBits: 4 });
    this.worker = new MmsgSocket({
      ...{ fd, family, packetInfo: false, tracker, resendRepliesMax: 0 },
      rounds: new RoundTimer(histogram.row(0), 50, 0),
      replyBytesMax: replyBytesMax(30, 70),
    });
    const batch = { batchSize: BATCH, family, packetInfo: false } as const;
    this.#outgoing = new DatagramBatch({ ...batch, requestBytesMax: 64, replyBytesMax: 128 });
    this.#outgoing.aimAt(address, port);
    this.#incoming = new DatagramBatch({ ...batch, requestBytesMax: 2048, replyBytesMax: 64 });
    ids.issue(new Int32Array(Uint8Array.from(address).buffer), 0, family);
    this.id.writeInt32BE(ids.high, 0);
    this.id.writeInt32BE(ids.low, 4);
  }

  queue(request: Buffer): void {
    this.#outgoing.replyBytes.set(request, this.#queued * this.#outgoing.replyStride);
    this.#outgoing.queueReply(0, this.#queued++, request.length);
    if (this.#queued === BATCH) this.flush();
  }

  flush(): void {
    for (let from = 0; from < this.#queued; ) {
      const sent = this.#outgoing.send(this.#client, from, this.#queued - from);
      if (sent <= 0) throw new Error(`sendmmsg over IPv${this.#family}: ${sent}`);
      from += sent;
    }
    this.#queued = 0;
  }

  /** Calls back with the transaction id of every reply that has come. */
  receive(take: (transaction: number) => void): void {
    const incoming = this.#incoming;
    for (;;) {
      const count = incoming.receive(this.#client);
      if (count <= 0) return;
      const bytes = Buffer.from(incoming.requestBytes.buffer, incoming.requestBytes.byteOffset);
      for (let i = 0; i < count; i++) take(bytes.readUInt32BE(i * incoming.requestStride + 4));
    }
  }

  close(): void {
    closeFd(this.fd);
    closeFd(this.#client);
  }
}
