/**
 * A load of UDP clients on one tracker: sends as much as it answers, or at a rate whatever it does, until it is told to
 * stop; then waits for the last answers. One thread, which polls: it sleeps for nothing while the load runs.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Population } from "../population.ts";
import { nowMicroseconds, Tally } from "../tally.ts";
import type { UdpLoadConfig } from "./config.ts";
import { CONNECT, UDP_KINDS, UdpClients } from "./hot/udp-clients.ts";
import { UdpSockets } from "./sockets.ts";

const MICROS_PER_SECOND = 1_000_000;
/** A socket without a connection id asks again after this. */
const CONNECT_MICROS = MICROS_PER_SECOND;
/** Where answers were lost and the clients would all wait: after this without an answer they send again. */
const STALL_MICROS = 10_000;
/** Rounds between two turns of the event loop, which brings signals and timers. */
const ROUNDS = 64;

export class UdpLoad {
  readonly tally = new Tally(UDP_KINDS);
  /** How long requests were sent for. */
  seconds = 0;
  readonly #config: UdpLoadConfig;
  readonly #sockets: UdpSockets;
  readonly #clients: UdpClients;
  #socket = 0;
  #answeredAtMicros = 0;
  #isStopping = false;

  /** Opens the sockets and draws the peers. Throws OperatorError or SyscallError. */
  constructor(config: UdpLoadConfig) {
    this.#config = config;
    this.#sockets = new UdpSockets(config);
    const { numberOfTorrents, numberOfPeers } = config.requests;
    const population = new Population(numberOfTorrents, numberOfPeers);
    const { count, addresses } = this.#sockets;
    this.#clients = new UdpClients(config, count, addresses, population, this.tally);
  }

  /** Ends `run` soon. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Runs the load to its end and closes the sockets. */
  async run(): Promise<void> {
    try {
      await this.#connect();
      const startMicros = nowMicroseconds();
      if (!this.#isStopping) {
        await this.#load(startMicros);
        this.seconds = (nowMicroseconds() - startMicros) / MICROS_PER_SECOND;
      }
      // Who never answered is not waited for.
      if (this.tally.answered[CONNECT] === 0)
        this.#clients.inFlight.expire(Number.POSITIVE_INFINITY);
      await this.#drain();
    } finally {
      this.#sockets.close();
    }
  }

  /** Gets every socket a connection id. */
  async #connect(): Promise<void> {
    let dueMicros = 0;
    while (!this.#isStopping && this.#clients.connected.includes(0)) {
      const now = nowMicroseconds();
      if (now >= dueMicros) {
        for (let socket = 0; socket < this.#sockets.count; socket++)
          if (this.#clients.connected[socket] === 0) this.#send(socket, 1, CONNECT, () => now);
        dueMicros = now + CONNECT_MICROS;
      }
      this.#receive(now);
      await nextTurn();
    }
  }

  async #load(startMicros: number): Promise<void> {
    const { duration, targetRate } = this.#config;
    const microsEach = targetRate > 0 ? MICROS_PER_SECOND / targetRate : 0;
    const endMicros =
      duration > 0 ? startMicros + duration * MICROS_PER_SECOND : Number.POSITIVE_INFINITY;
    let issued = 0;
    while (!this.#isStopping) {
      for (let round = 0; round < ROUNDS; round++) {
        const now = nowMicroseconds();
        if (now >= endMicros) return;
        this.#receive(now);
        if (targetRate === 0) this.#sendWhatIsAnswered(now);
        else issued += this.#sendWhatIsDue(now, startMicros + issued * microsEach, microsEach);
      }
      await nextTurn();
    }
  }

  /** Keeps the number of waiting requests at its limit. */
  #sendWhatIsAnswered(now: number): void {
    const { inFlight } = this.#clients;
    const room = this.#config.network.inFlightMax - inFlight.waiting;
    const isStalled = now - this.#answeredAtMicros > STALL_MICROS;
    // A batch has a fixed price: half of one is worth it.
    if (isStalled) this.#answeredAtMicros = now;
    const count = isStalled ? 1 : room;
    const { batchSize } = this.#sockets.outgoing;
    if (count < Math.min(batchSize / 2, this.#config.network.inFlightMax) && !isStalled) return;
    this.#send(this.#nextSocket(), count, -1, () => now);
  }

  /** Sends requests whose time has come, the first at `dueMicros`; returns how many. */
  #sendWhatIsDue(now: number, dueMicros: number, microsEach: number): number {
    const due = Math.floor((now - dueMicros) / microsEach) + 1;
    if (now < dueMicros) return 0;
    return this.#send(this.#nextSocket(), due, -1, (index) => dueMicros + index * microsEach);
  }

  #nextSocket(): number {
    this.#socket = (this.#socket + 1) % this.#sockets.count;
    return this.#socket;
  }

  /** Sends up to a batch of requests of this kind, or of any; returns how many. Latency begins at `since(index)`. */
  #send(socket: number, wanted: number, kind: number, since: (index: number) => number): number {
    const { outgoing } = this.#sockets;
    const clients = this.#clients;
    const count = Math.min(wanted, outgoing.batchSize, clients.inFlight.room());
    if (count <= 0) return 0;
    const now = nowMicroseconds();
    let firstId = 0;
    for (let index = 0; index < count; index++) {
      const length = clients.write(
        outgoing.replyBytes,
        index * outgoing.replyStride,
        kind < 0 ? clients.drawKind() : kind,
        socket,
        since(index),
        now,
      );
      if (index === 0) firstId = clients.sentId;
      outgoing.queueReply(0, index, length);
    }
    let sent = 0;
    while (sent < count) {
      const more = this.#sockets.send(socket, sent, count - sent);
      if (more <= 0) break;
      sent += more;
    }
    for (let index = sent; index < count; index++) clients.withdraw(firstId + index);
    return count;
  }

  #receive(now: number): void {
    const { incoming } = this.#sockets;
    for (let socket = 0; socket < this.#sockets.count; socket++) {
      const count = this.#sockets.receive(socket);
      for (let index = 0; index < count; index++) {
        const length = incoming.requestLengths[index] ?? -1;
        this.#clients.read(
          incoming.requestBytes,
          index * incoming.requestStride,
          length,
          socket,
          nowMicroseconds(),
        );
      }
      if (count > 0) this.#answeredAtMicros = now;
    }
    this.#clients.inFlight.expire(now);
  }

  /** Waits until every request has its answer or is lost. */
  async #drain(): Promise<void> {
    while (this.#clients.inFlight.waiting > 0) {
      this.#receive(nowMicroseconds());
      await nextTurn();
    }
  }
}
