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

/** The ports that one worker gets. */
export interface WorkerPorts {
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
  return {
    epoll: fromEpoll.map((upgrades) => ({ upgrades, peers: [] })),
    web: toWeb.map((upgrades, worker) => ({ upgrades, peers: peers[worker] ?? [] })),
  };
}

/** The ports of a worker as the list of what is transferred to it. */
export const transferOf = ({ upgrades, peers }: WorkerPorts): MessagePort[] => [
  ...upgrades,
  ...peers.filter((port) => port !== undefined),
];

/** Hands upgraded connections to the web workers in turn. */
export class UpgradeSender {
  readonly #ports: readonly MessagePort[];
  #next = 0;

  constructor(ports: readonly MessagePort[]) {
    this.#ports = ports;
  }

  send(fd: number, address: Uint8Array, bytes: Uint8Array): void {
    const port = this.#ports[this.#next];
    this.#next = (this.#next + 1) % this.#ports.length;
    const message: UpgradeMessage = { fd, address, bytes };
    if (port === undefined) closeFd(fd);
    else port.postMessage(message);
  }
}

/** Has `adopt` called for each connection that comes; the answer stops that and closes those not yet taken. */
export function receiveUpgrades(
  ports: readonly MessagePort[],
  adopt: (message: UpgradeMessage) => void,
): () => void {
  for (const port of ports) port.on("message", adopt);
  return () => {
    for (const port of ports) {
      port.off("message", adopt);
      for (let found = receiveMessageOnPort(port); found; found = receiveMessageOnPort(port))
        closeFd((found.message as UpgradeMessage).fd);
      port.close();
    }
  };
}
