/**
 * A stage for the WebTorrent transfer tests: a network of hosts, certificates, and trackers one after the other, whose
 * statistics a test reads. What is used here beside it is in chromium.ts and webtorrent-peer.ts.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { TrackerAddress } from "../services/service.ts";
import type { Statistics, WsStatistics } from "../statistics.ts";
import { makeCertificates, type TestCertificates } from "./certificates.ts";
import { type Actor, Stage } from "./stage.ts";
import { type HostName, TRACKER_NAMES } from "./test-network.ts";
import { webClientFile } from "./web-clients.ts";

export type WebProtocol = "ws" | "wss";

export interface TrackerSettings {
  readonly workers: 1 | 2;
  /** What serves plain HTTP; `wss://` is always served by Node. */
  readonly engine: "epoll" | "net";
  /** Lines of the section [ws]. */
  readonly ws?: string;
}

/** As many as make a chance of one half a certainty. */
const CONNECT_TRIES = 40;

const processFile = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A tracker that serves, in a process of its own on the tracker's host. */
export class WebTracker {
  readonly #stage: Stage;
  readonly #actor: Actor;
  readonly #addresses: readonly TrackerAddress[];
  readonly #workers: number;
  /** Clients that left again in `connectApart`. */
  #departed = 0;

  private constructor(
    stage: Stage,
    actor: Actor,
    addresses: readonly TrackerAddress[],
    workers: number,
  ) {
    this.#stage = stage;
    this.#actor = actor;
    this.#addresses = addresses;
    this.#workers = workers;
  }

  static async start(stage: WebStage, { workers, engine, ws = "" }: TrackerSettings) {
    const { certificate, privateKey } = stage.certificates;
    const configuration = `log_level = "off"
[udp]
enabled = false
[swarm]
max_memory = 64
[web]
workers = ${workers}
engine = "${engine}"
address_ipv4 = "0.0.0.0:0"
address_ipv6 = "[::]:0"
tls_address_ipv4 = "0.0.0.0:0"
tls_address_ipv6 = "[::]:0"
tls_certificate_path = "${certificate}"
tls_private_key_path = "${privateKey}"
[ws]
${ws}`;
    const actor = stage.startNode("swarmtide", "tracker", "./tracker-process.js", configuration);
    return new WebTracker(stage, actor, await actor.message<TrackerAddress[]>(), workers);
  }

  url(protocol: WebProtocol, family: keyof typeof TRACKER_NAMES = "ipv4"): string {
    const found = this.#addresses.find(
      ({ protocol: own, address }) =>
        own === protocol && address.startsWith("[") === (family === "ipv6"),
    );
    return `${protocol}://${TRACKER_NAMES[family]}:${found?.address.split(":").at(-1)}`;
  }

  async statistics(): Promise<WsStatistics> {
    const { ws } = await this.#actor.ask<Statistics>("statistics");
    assert.ok(ws);
    return ws;
  }

  /** Waits until there are so many connections. */
  async connections(wanted: number): Promise<void> {
    await this.#stage.until(
      `${wanted} connections`,
      async () => (await this.statistics()).connections === wanted,
    );
  }

  /**
   * Has a second client connect, again and again until it is with another worker than the first, where there are several:
   * which one gets a connection is the kernel's choice, except that the engine `epoll` takes them in turn.
   */
  async connectApart(connect: () => Promise<void>, disconnect: () => Promise<void>): Promise<void> {
    for (let tries = 0; tries < CONNECT_TRIES; tries++) {
      await connect();
      await this.connections(2);
      if (await this.isSpread()) return;
      await disconnect();
      this.#departed++;
      await this.connections(1);
    }
    this.#stage.fail(`${CONNECT_TRIES} connections, and none was with the other worker`);
  }

  /** Of two connections each is with a worker of its own, or there is only one worker. */
  async isSpread(): Promise<boolean> {
    const { connectionsOfWorkers } = await this.statistics();
    assert.equal(connectionsOfWorkers.length, this.#workers);
    return Math.max(...connectionsOfWorkers) === 2 / this.#workers;
  }

  /** Waits until both clients of a test are seeders. */
  async bothSeed(): Promise<void> {
    const bothSeed = async () => (await this.statistics()).seeders === 2;
    await this.#stage.until("both are seeders", bothSeed);
  }

  /** Waits until both clients of a test are seeders; fails unless it was this tracker that brought them together. */
  async hasConnected(): Promise<void> {
    await this.bothSeed();
    const { connections, peers, offer, answer, error } = await this.statistics();
    assert.deepEqual({ connections, peers }, { connections: 2, peers: 2 });
    // Who left before its offer was answered leaves one answer to nobody behind.
    assert.ok(error <= this.#departed, `${error} errors, ${this.#departed} clients left`);
    assert.ok(offer > 0 && answer > 0);
    assert.ok(await this.isSpread());
  }

  stop(): Promise<void> {
    return this.#actor.stop();
  }
}

/** Hosts, and a certificate for those that serve. */
export class WebStage extends Stage {
  readonly certificates: TestCertificates = makeCertificates(this.network.folder, [
    ...Object.values(TRACKER_NAMES),
    "localhost",
  ]);

  /** Starts a Node process of ours; the file is relative to this one. */
  startNode(name: string, host: HostName, file: string, ...args: readonly string[]): Actor {
    return this.start(name, host, [process.execPath, processFile(file), ...args]);
  }

  /** Starts a WebTorrent peer that is not a browser, with the arguments of webtorrent-peer.ts. */
  startPeer(host: HostName, ...args: readonly string[]): Actor {
    const modulePath = webClientFile("webtorrent/index.js");
    return this.startNode(host, host, "./webtorrent-peer.js", modulePath, ...args);
  }
}
