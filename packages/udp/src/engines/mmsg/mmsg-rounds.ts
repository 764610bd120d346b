/**
 * The ordinary sockets of a UDP worker on Linux, served in rounds: one batch from each in turn, so that a flood on one does
 * not starve the other. Used by the engine `mmsg` and by those that leave to sockets what they cannot serve. Owned by one
 * worker thread.
 */
import { localIpv4Addresses } from "@swarmtide/linux";
import { isWildcard } from "@swarmtide/runtime";
import type { UdpEngineOptions } from "../engine.ts";
import { QueueDrops } from "../queue-drops.ts";
import { MmsgSocket } from "./hot/mmsg-socket.ts";

/** Addresses of the machine come and go; a reply that leaves from a wrong one meanwhile is asked for again. */
const LEARN_SECONDS = 5;

export class MmsgRounds {
  readonly #options: UdpEngineOptions;
  readonly #drops: QueueDrops;
  #sockets: readonly MmsgSocket[];
  #roomBytes: number;
  #learnAtSeconds = 0;

  constructor(options: UdpEngineOptions) {
    this.#options = options;
    this.#drops = new QueueDrops(options);
    this.#roomBytes = options.replyBytesMax;
    this.#sockets = this.#openSockets();
  }

  get fds(): number[] {
    return this.#sockets.map(({ fd }) => fd);
  }

  /** The socket, where there is only one: it can wait for datagrams itself. */
  get only(): MmsgSocket | undefined {
    return this.#sockets.length === 1 ? this.#sockets[0] : undefined;
  }

  /** To be called before each round with the time. */
  look(seconds: number): void {
    if (seconds >= this.#learnAtSeconds) {
      this.#learnAtSeconds = seconds + LEARN_SECONDS;
      const addresses = localIpv4Addresses();
      for (const socket of this.#sockets) socket.learnLocalAddresses(addresses);
    }
    this.#drops.look(seconds);
  }

  /** One batch from each socket in turn. Whether one of them was full, so that more waits. */
  serve(): boolean {
    let isAnyFull = false;
    for (const socket of this.#sockets) if (socket.isFull(socket.serve())) isAnyFull = true;
    return isAnyFull;
  }

  /** Other memory for the same descriptors; replies that wait for a second try are lost. */
  makeRoom(replyBytesMax: number): void {
    if (replyBytesMax <= this.#roomBytes) return;
    this.#roomBytes = replyBytesMax;
    this.#sockets = this.#openSockets();
    this.#learnAtSeconds = 0;
  }

  #openSockets(): MmsgSocket[] {
    return this.#options.listeners.map((listener) => {
      const { fd = -1, family } = listener;
      const packetInfo = isWildcard(listener);
      const replyBytesMax = this.#roomBytes;
      return new MmsgSocket({ ...this.#options, fd, family, packetInfo, replyBytesMax });
    });
  }
}
