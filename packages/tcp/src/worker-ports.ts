/**
 * The message ports between the threads that serve HTTP and WebTorrent, made by the main thread before it starts them:
 * from each worker with the engine `epoll` to each web worker (upgraded connections), and between any two web workers
 * (batches of the WebTorrent tracker).
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { closeFd } from "@swarmtide/linux";

/** A connection that asked for an upgrade, on its way to a web worker, which owns the descriptor from then on. */
export interface UpgradeMessage {
  readonly fd: number;
  /** The client's address, 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** What was read and not answered: the upgrade request and what came with it. */
  readonly bytes: Uint8Array;
}

/**
 * Upgrades on their way at most, over all workers. A web worker that does not come to take them would otherwise fill memory
 * with up to `max_request_size` bytes each; further ones are closed and counted as refused.
 */
export const UPGRADES_WAITING_MAX = 4096;

/** The ports that one worker gets. */
export interface WorkerPorts {
  /** How many upgrades are on their way: one number that all workers share. */
  readonly upgradesWaiting: Int32Array;
  /** Of an epoll worker to each web worker; of a web worker to each epoll worker. */
  readonly upgrades: readonly MessagePort[];
  /** Of a web worker to each web worker, by number; undefined at its own. */
  readonly peers: readonly (MessagePort | undefined)[];
}

export function makeWorkerPorts(
  epollWorkers: number,
  webWorkers: number,
): { readonly epoll: readonly WorkerPorts[]; readonly web: readonly WorkerPorts[] } {
  const emptyRows = (rows: number): MessagePort[][] => Array.from({ length: rows }, () => []);
  const fromEpoll = emptyRows(epollWorkers);
  const toWeb = emptyRows(webWorkers);
  for (const own of fromEpoll)
    for (const other of toWeb) {
      const { port1, port2 } = new MessageChannel();
      own.push(port1);
      other.push(port2);
    }
  const peers = Array.from({ length: webWorkers }, () =>
    new Array<MessagePort | undefined>(webWorkers).fill(undefined),
  );
  for (let one = 0; one < webWorkers; one++)
    for (let other = 0; other < one; other++) {
      const { port1, port2 } = new MessageChannel();
      (peers[one] ?? [])[other] = port1;
      (peers[other] ?? [])[one] = port2;
    }
  const { upgradesWaiting } = noPorts();
  return {
    epoll: fromEpoll.map((upgrades) => ({ upgradesWaiting, upgrades, peers: [] })),
    web: toWeb.map((upgrades, worker) => ({
      upgradesWaiting,
      upgrades,
      peers: peers[worker] ?? [],
    })),
  };
}

/** For a worker that has nobody to send to. */
export const noPorts = (): WorkerPorts => ({
  upgradesWaiting: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
  upgrades: [],
  peers: [],
});

/** The ports of a worker as the list of what is transferred to it. */
export const transferOf = ({ upgrades, peers }: WorkerPorts): MessagePort[] => [
  ...upgrades,
  ...peers.filter((port) => port !== undefined),
];

/** Hands upgraded connections to the web workers in turn. */
export class UpgradeSender {
  readonly #ports: readonly MessagePort[];
  readonly #waiting: Int32Array;
  #next = 0;

  constructor({ upgrades, upgradesWaiting }: WorkerPorts) {
    this.#ports = upgrades;
    this.#waiting = upgradesWaiting;
  }

  /** False where too many are on their way: the connection is closed then. */
  send(fd: number, address: Uint8Array, bytes: Uint8Array): boolean {
    const port = this.#ports[this.#next];
    this.#next = (this.#next + 1) % this.#ports.length;
    if (port === undefined || Atomics.load(this.#waiting, 0) >= UPGRADES_WAITING_MAX) {
      closeFd(fd);
      return false;
    }
    Atomics.add(this.#waiting, 0, 1);
    port.postMessage({ fd, address, bytes } satisfies UpgradeMessage);
    return true;
  }
}

/** Has `adopt` called for each connection that comes; what is returned stops that and closes those not yet taken. */
export function receiveUpgrades(
  { upgrades, upgradesWaiting }: WorkerPorts,
  adopt: (message: UpgradeMessage) => void,
): () => void {
  const take = (message: UpgradeMessage) => {
    Atomics.sub(upgradesWaiting, 0, 1);
    adopt(message);
  };
  for (const port of upgrades) port.on("message", take);
  return () => {
    for (const port of upgrades) {
      port.off("message", take);
      for (let found = receiveMessageOnPort(port); found; found = receiveMessageOnPort(port)) {
        Atomics.sub(upgradesWaiting, 0, 1);
        closeFd((found.message as UpgradeMessage).fd);
      }
      port.close();
    }
  };
}
