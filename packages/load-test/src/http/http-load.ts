/**
 * A load of HTTP clients on one tracker: each asks as soon as it is answered, or requests come at a rate whatever the
 * tracker does, until it is told to stop; then the last answers are waited for. One thread.
 */
import { isIP, isIPv4 } from "node:net";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { parseIpAddress } from "@swarmtide/bittorrent";
import { linuxSupported } from "@swarmtide/linux";
import { nowMicroseconds, Tally } from "../tally.ts";
import type { HttpLoadConfig } from "./config.ts";
import { openNodeConnection, PolledConnections } from "./connections.ts";
import { HttpClient, type OpenConnection } from "./http-client.ts";
import { HTTP_KINDS, HttpRequests } from "./http-requests.ts";

const MICROS_PER_SECOND = 1_000_000;
/** How often timeouts and the end are looked for. */
const TICK_MILLISECONDS = 10;
/** Looks at all connections between two turns of the event loop, which brings signals and timers. */
const POLLS = 32;
/** How long one of these waits for an answer where nothing else is to be done. */
const POLL_MILLISECONDS = 1;

export class HttpLoad {
  readonly tally = new Tally(HTTP_KINDS);
  /** How long requests were sent for. */
  seconds = 0;
  readonly #config: HttpLoadConfig;
  readonly #requests: HttpRequests;
  readonly #clients: readonly HttpClient[];
  /** Undefined where connections are Node's. */
  readonly #polled: PolledConnections | undefined;
  /** Clients without a request, for a target rate. */
  readonly #idle: HttpClient[] = [];
  #isSending = false;
  #isStopping = false;

  constructor(config: HttpLoadConfig) {
    this.#config = config;
    const { host } = config.serverAddress;
    const isLoopback = host.startsWith("127.") || host === "::1";
    const sources =
      isIPv4(host) && isLoopback
        ? Array.from({ length: config.sourceAddresses }, (_, index) => `127.0.0.${1 + index}`)
        : undefined;
    const addresses = sources ?? (isLoopback ? [host] : undefined);
    this.#requests = new HttpRequests(config, this.tally, addresses && new Set(addresses));
    const address = parseIpAddress(host);
    const family = isIP(host) === 6 ? 6 : 4;
    if (linuxSupported() && !config.enableTls && address !== undefined)
      this.#polled = new PolledConnections({ family, address, port: config.serverAddress.port });
    this.#clients = Array.from(
      { length: config.numConnections },
      (_, index) =>
        new HttpClient(
          config,
          this.#requests,
          this.tally,
          this.#opener(sources?.[index % sources.length]),
          (client, wasAnswered) => this.#becameIdle(client, wasAnswered),
        ),
    );
  }

  /** Opens connections of a client, which come from that address. */
  #opener(localAddress: string | undefined): OpenConnection {
    const { serverAddress, enableTls } = this.#config;
    const polled = this.#polled;
    if (polled !== undefined) {
      const none = new Uint8Array(isIPv4(serverAddress.host) ? 4 : 16);
      const source = parseIpAddress(localAddress ?? "") ?? none;
      return (events) => polled.open(source, events);
    }
    const onHandshake = (isResumed: boolean): void => {
      if (isResumed) this.tally.resumedHandshakes++;
      else this.tally.fullHandshakes++;
    };
    return (events, session, onSession) => {
      const tls = enableTls ? { session, onSession, onHandshake } : undefined;
      return openNodeConnection({ ...serverAddress, localAddress, tls }, events);
    };
  }

  /** Ends `run` soon. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Runs the load to its end and closes the connections. */
  async run(): Promise<void> {
    const startMicros = nowMicroseconds();
    this.#isSending = true;
    if (this.#config.targetRate > 0) await this.#runAtRate(startMicros);
    else await this.#runSaturated(startMicros);
    this.#isSending = false;
    this.seconds = (nowMicroseconds() - startMicros) / MICROS_PER_SECOND;
    while (this.#clients.some((client) => client.isWaiting)) {
      this.#expire();
      await this.#turn();
    }
    for (const client of this.#clients) client.close();
    this.#polled?.close();
  }

  #isOver(startMicros: number): boolean {
    const { duration } = this.#config;
    const seconds = (nowMicroseconds() - startMicros) / MICROS_PER_SECOND;
    return this.#isStopping || (duration > 0 && seconds >= duration);
  }

  async #runSaturated(startMicros: number): Promise<void> {
    for (const client of this.#clients) client.ask(this.#requests.next(), nowMicroseconds());
    while (!this.#isOver(startMicros)) {
      this.#expire();
      await this.#turn();
    }
  }

  /** Reads what has come, for a while. */
  async #turn(): Promise<void> {
    if (this.#polled === undefined) {
      await delay(TICK_MILLISECONDS);
      return;
    }
    for (let poll = 0; poll < POLLS; poll++) this.#polled.poll(POLL_MILLISECONDS);
    await nextTurn();
  }

  async #runAtRate(startMicros: number): Promise<void> {
    this.#idle.push(...this.#clients);
    const microsEach = MICROS_PER_SECOND / this.#config.targetRate;
    let expireAtMicros = 0;
    for (let issued = 0; !this.#isOver(startMicros); ) {
      const now = nowMicroseconds();
      for (let due = startMicros + issued * microsEach; due <= now; due += microsEach) {
        const client = this.#idle.pop();
        if (client === undefined) break;
        client.ask(this.#requests.next(), due);
        issued++;
      }
      if (now >= expireAtMicros) {
        this.#expire();
        expireAtMicros = now + TICK_MILLISECONDS * 1000;
      }
      this.#polled?.poll(0);
      await nextTurn();
    }
  }

  #becameIdle(client: HttpClient, wasAnswered: boolean): void {
    if (!this.#isSending) return;
    if (this.#config.targetRate > 0) this.#idle.push(client);
    else if (wasAnswered && this.#polled !== undefined) this.#askAgain(client);
    // Not at once: a tracker that refuses connections would be asked again and again without a turn of the event loop.
    else setImmediate(() => this.#askAgain(client));
  }

  #askAgain(client: HttpClient): void {
    if (this.#isSending && !this.#isStopping && !client.isWaiting)
      client.ask(this.#requests.next(), nowMicroseconds());
  }

  #expire(): void {
    const now = nowMicroseconds();
    for (const client of this.#clients) client.expire(now);
  }
}
