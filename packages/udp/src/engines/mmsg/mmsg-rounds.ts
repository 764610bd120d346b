/**
 * The ordinary sockets of a UDP worker on Linux, served in rounds: one batch from each in turn, so that a flood on one does
 * not starve the other. Used by the engine `mmsg` and by those that leave to sockets what they cannot serve. Owned by one
 * worker thread.
 */
import { localIpv4Addresses, socketDrops } from "@swarmtide/linux";
import { add } from "@swarmtide/metrics";
import { isWildcard } from "@swarmtide/runtime";
import { DROPPED_QUEUE_FULL } from "../../counters.ts";
import type { UdpEngineOptions } from "../engine.ts";
import { MmsgSocket } from "./hot/mmsg-socket.ts";

/** How often the kernel is asked what it has dropped. */
const DROPS_SECONDS = 1;
/** Addresses of the machine come and go; a reply that leaves from a wrong one meanwhile is asked for again. */
const LEARN_SECONDS = 5;

export class MmsgRounds {
  readonly #options: UdpEngineOptions;
  readonly #drops: number[];
  #sockets: readonly MmsgSocket[];
  #roomBytes: number;
  #learnAtSeconds = 0;
  #dropsAtSeconds = 0;

  constructor(options: UdpEngineOptions) {
    this.#options = options;
    this.#drops = options.listeners.map(() => 0);
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
    if (seconds >= this.#dropsAtSeconds) {
      this.#dropsAtSeconds = seconds + DROPS_SECONDS;
      this.#countDrops();
    }
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

  /** Adds what the kernel has dropped of each socket since it was asked last. */
  #countDrops(): void {
    const { listeners, tracker } = this.#options;
    for (const [i, { fd = -1, family }] of listeners.entries()) {
      const now = socketDrops(fd);
      if (now === undefined) continue;
      const { ipv4, ipv6 } = tracker.counters;
      add(family === 4 ? ipv4 : ipv6, DROPPED_QUEUE_FULL, (now - (this.#drops[i] ?? 0)) >>> 0);
      this.#drops[i] = now;
    }
  }
}
