/**
 * Seven addresses, each with as many connections as an address may have, each of these in as many torrents as a connection may be
 * in, all within the default limits: once every one of them was a JavaScript object, and the tracker was gone after 67 s.
 *
 * Once all are in, they announce again, so that none expires; one connection in ten ends instead and comes back with torrents
 * that nobody has seen. One in ten reads nothing of what it is sent. A thread of its own, so that it does not keep other clients
 * of the process waiting; `startAttack` starts it.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { formatUpgradeRequest, OPCODE_TEXT, writeMaskedFrameHeader } from "@swarmtide/ws-protocol";

export interface AttackSize {
  readonly addresses: number;
  readonly connectionsEach: number;
  readonly torrentsEach: number;
  /** Announces a second, over all connections. */
  readonly perSecond: number;
}

export const FULL_ATTACK: AttackSize = {
  addresses: 7,
  connectionsEach: 1000,
  torrentsEach: 950,
  perSecond: 50_000,
};

/** Announces in one write. */
const BURST = 50;
const REPLACED_EVERY = 10;
const DEAF_EVERY = 10;
const HEX = "0123456789abcdef";
const MESSAGE =
  '{"action":"announce","info_hash":"TTTTTTTTtttttttttttt","peer_id":"-XX0001-PPPPPPPPpppp","left":1}';

/** What an attack has done so far: words that its thread writes. */
const ANNOUNCES = 0;
const CONNECTIONS = 1;

export interface RunningAttack {
  /** Announces sent, and connections made. */
  readonly announces: number;
  readonly connections: number;
  stop(): Promise<void>;
}

/** Attacks the tracker on a port of 127.0.0.1 until it is stopped. */
export function startAttack(port: number, size: AttackSize): RunningAttack {
  const done = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { port, size, done } });
  const ended = once(worker, "exit");
  return {
    get announces() {
      return Atomics.load(done, ANNOUNCES);
    },
    get connections() {
      return Atomics.load(done, CONNECTIONS);
    },
    async stop() {
      worker.postMessage("stop");
      await ended;
    },
  };
}

class MemberAttack {
  readonly #done: Int32Array;
  readonly #port: number;
  readonly #size: AttackSize;
  readonly #sockets: (Socket | undefined)[] = [];
  readonly #chunk: Uint8Array;
  readonly #frameBytes: number;
  /** Of each connection the number of its first torrent. */
  readonly #firstTorrents: number[] = [];
  #torrents = 0;
  #isStopped = false;

  constructor(port: number, size: AttackSize, done: Int32Array) {
    this.#done = done;
    this.#port = port;
    this.#size = size;
    const frame = new Uint8Array(MESSAGE.length + 14);
    // The mask is zero, so that digits can be written into the frame.
    const textAt = writeMaskedFrameHeader(frame, 0, OPCODE_TEXT, MESSAGE.length, 0);
    frame.set(new TextEncoder().encode(MESSAGE), textAt);
    this.#frameBytes = textAt + MESSAGE.length;
    this.#chunk = new Uint8Array(BURST * this.#frameBytes);
    for (let at = 0; at < BURST; at++)
      this.#chunk.set(frame.subarray(0, this.#frameBytes), at * this.#frameBytes);
  }

  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket?.resetAndDestroy();
  }

  async run(): Promise<void> {
    const { addresses, connectionsEach, torrentsEach, perSecond } = this.#size;
    const places = addresses * connectionsEach;
    const start = performance.now();
    for (let turn = 0; !this.#isStopped; turn++) {
      const place = turn % places;
      const isNew = this.#sockets[place] === undefined || Math.random() * REPLACED_EVERY < 1;
      if (isNew) await this.#open(place);
      for (let sent = 0; sent < torrentsEach && !this.#isStopped; sent += BURST)
        this.#announce(place, sent, Math.min(BURST, torrentsEach - sent));
      const dueMilliseconds = (Atomics.load(this.#done, ANNOUNCES) * 1000) / perSecond;
      await wait(Math.max(0, dueMilliseconds - (performance.now() - start)));
    }
  }

  /** Ends the connection of a place and makes another. */
  async #open(place: number): Promise<void> {
    this.#sockets[place]?.resetAndDestroy();
    const address = 1 + (place % this.#size.addresses);
    const socket = connect({
      ...{ host: "127.0.0.1", port: this.#port, localAddress: `127.0.5.${address}` },
    });
    this.#sockets[place] = socket;
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      if (this.#sockets[place] === socket) this.#sockets[place] = undefined;
    });
    await Promise.race([once(socket, "connect"), once(socket, "close")]).catch(() => undefined);
    if (socket.destroyed) return;
    Atomics.add(this.#done, CONNECTIONS, 1);
    this.#firstTorrents[place] = this.#torrents;
    this.#torrents += this.#size.torrentsEach;
    socket.write(formatUpgradeRequest({ host: "t", target: "/", key: "dGhlIHNhbXBsZSBub25jZQ==" }));
    if (place % DEAF_EVERY !== 0) socket.resume();
  }

  #announce(place: number, sent: number, count: number): void {
    const firstTorrent = (this.#firstTorrents[place] ?? 0) + sent;
    const socket = this.#sockets[place];
    const torrentAt = this.#frameBytes - MESSAGE.length + MESSAGE.indexOf("TTT");
    const peerAt = this.#frameBytes - MESSAGE.length + MESSAGE.indexOf("PPP");
    const chunk = this.#chunk.slice(0, count * this.#frameBytes);
    for (let at = 0; at < count; at++) {
      writeHex(chunk, at * this.#frameBytes + torrentAt, firstTorrent + at);
      writeHex(chunk, at * this.#frameBytes + peerAt, place);
    }
    socket?.write(chunk);
    Atomics.add(this.#done, ANNOUNCES, count);
  }
}

function writeHex(bytes: Uint8Array, at: number, value: number): void {
  for (let digit = 0; digit < 8; digit++)
    bytes[at + digit] = HEX.charCodeAt((value >>> (28 - 4 * digit)) & 15);
}

if (!isMainThread && parentPort !== null) {
  const attack = new MemberAttack(workerData.port, workerData.size, workerData.done);
  const port = parentPort;
  port.once("message", () => attack.stop());
  await attack.run();
  port.close();
}
