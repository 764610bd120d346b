/** What a running process sends in a hand-over of a few swarms, message by message, for tests of the side that reads it. */
import { CHUNK_HEADER_BYTES, SnapshotWriter } from "@swarmtide/snapshot";
import {
  ANNOUNCE_SEEDER,
  Announce,
  CHANGE_WORDS,
  createSwarmStore,
  monotonicSeconds,
  type SwarmStore,
} from "@swarmtide/swarm";
import type { Transport } from "../frame-channel.ts";
import {
  FRAME_CHANGES,
  FRAME_END,
  FRAME_GO,
  FRAME_HELLO,
  FRAME_RECORDS,
  FRAME_RELEASED,
  FRAME_SOCKETS,
  type Frame,
} from "../frames.ts";
import { type GiverHello, type GoMessage, HANDOVER_VERSION } from "../messages.ts";

const MIB = 2 ** 20;

export const openStore = (memoryMib = 4): SwarmStore =>
  createSwarmStore({ memoryBytesMax: memoryMib * MIB, limits: undefined });

/** Announces of a few numbered peers to numbered torrents, of both families. */
export function fillStore(store: SwarmStore, torrents: number, peers: number): void {
  const infoHash = new Int32Array(5);
  const address = new Int32Array(4);
  const announce = new Announce(infoHash, address, new Uint16Array(0));
  announce.hasEvent = true;
  for (let torrent = 0; torrent < torrents; torrent++)
    for (let peer = 0; peer < peers; peer++) {
      infoHash.fill(torrent + 1);
      address.fill(peer + 1);
      announce.family = peer % 3 === 0 ? 6 : 4;
      announce.port = peer & 0xffff;
      announce.flags = peer % 2 === 0 ? ANNOUNCE_SEEDER : 0;
      store.announce(announce);
    }
}

export const json = (value: unknown): Uint8Array =>
  new Uint8Array(Buffer.from(JSON.stringify(value)));

export const helloNow = (): GiverHello => ({
  ...{ handover: HANDOVER_VERSION, version: "1.2.3", pid: 4711, facts: { "udp.engine": "mmsg" } },
  ...{ startedSeconds: monotonicSeconds(), nowSeconds: monotonicSeconds() },
  ...{ secrets: { "udp connection ids": "AAECAw==" }, socketFrames: 1 },
});

const GO: GoMessage = {
  counters: [{ name: "swarmtide_udp_sent_bytes_total", labels: { family: "ipv4" }, value: 98 }],
  totals: { completed: 3, refused: 2, gaveWay: 1 },
};

/** A seeder of the torrent 7 7 7 7 7 at 10.0.0.9 port 6881, of which the tracker has counted a completed download. */
export function exampleChange(): Uint8Array {
  const change = new Int32Array(CHANGE_WORDS);
  change.fill(7, 0, 5);
  change.set([1, 3, 0x0900000a], 5);
  change[CHANGE_WORDS - 1] = 0xe11a;
  return new Uint8Array(change.buffer);
}

/** The whole stream: greeting, one message about no sockets, records with a change between, the end. */
export function giverFrames(torrents = 3, peers = 4): Frame[] {
  const store = openStore();
  fillStore(store, torrents, peers);
  const pieces: Uint8Array[] = [];
  const writer = new SnapshotWriter({
    ...{ store, compression: "none", nowSeconds: () => 0, unixSeconds: Date.now() / 1000 },
    write: (bytes) => pieces.push(bytes.slice()),
  });
  while (writer.step());
  const [header = new Uint8Array(0), ...rest] = pieces;
  const chunks: Frame[] = [];
  for (let i = 0; i < rest.length; i += 2) {
    const [head, body] = [rest[i], rest[i + 1]];
    if (head?.length !== CHUNK_HEADER_BYTES || body === undefined)
      throw new Error("a chunk comes as a header and a body");
    chunks.push({ kind: FRAME_RECORDS, payload: new Uint8Array(Buffer.concat([head, body])) });
  }
  const changes = { kind: FRAME_CHANGES, payload: exampleChange() };
  const empty = new Uint8Array(0);
  return [
    { kind: FRAME_HELLO, payload: json(helloNow()) },
    { kind: FRAME_SOCKETS, payload: json([]) },
    { kind: FRAME_RECORDS, payload: header },
    changes,
    ...chunks,
    { kind: FRAME_GO, payload: json(GO) },
    { kind: FRAME_RELEASED, payload: empty },
    changes,
    { kind: FRAME_END, payload: empty },
  ];
}

/** A stream whose other end has said everything already, and then ended. */
export class MemoryTransport implements Transport {
  readonly sent: Uint8Array[] = [];
  isClosed = false;
  readonly #pieces: Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces.filter(({ length }) => length > 0);
  }

  send(bytes: Uint8Array): number {
    this.sent.push(bytes.slice());
    return bytes.length;
  }

  receive() {
    return { bytes: this.#pieces.shift() ?? new Uint8Array(0), fds: [] };
  }

  close(): void {
    this.isClosed = true;
  }
}
