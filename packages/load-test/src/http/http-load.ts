/**
 * A load of HTTP clients on one tracker: each asks as soon as it is answered, or requests come at a rate whatever the
 * tracker does, until it is told to stop; then the last answers are waited for. One thread.
 */
import { isIPv4 } from "node:net";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";
import { nowMicroseconds, Tally } from "../tally.ts";
import type { HttpLoadConfig } from "./config.ts";
import { HttpClient } from "./http-client.ts";
import { HTTP_KINDS, HttpRequests } from "./http-requests.ts";

const MICROS_PER_SECOND = 1_000_000;
/** How often timeouts and the end are looked for. */
const TICK_MILLISECONDS = 10;

export class HttpLoad {
  readonly tally = new Tally(HTTP_KINDS);
  /** How long requests were sent for. */
  seconds = 0;
  readonly #config: HttpLoadConfig;
  readonly #requests: HttpRequests;
  readonly #clients: readonly HttpClient[];
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
    this.#clients = Array.from(
      { length: config.numConnections },
      (_, index) =>
        new HttpClient(
          config,
          this.#requests,
          this.tally,
          sources?.[index % sources.length],
          (client) => this.#becameIdle(client),
        ),
    );
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
      await delay(TICK_MILLISECONDS);
    }
    for (const client of this.#clients) client.close();
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
      await delay(TICK_MILLISECONDS);
    }
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
      await nextTurn();
    }
  }

  #becameIdle(client: HttpClient): void {
    if (!this.#isSending) return;
    if (this.#config.targetRate > 0) this.#idle.push(client);
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
