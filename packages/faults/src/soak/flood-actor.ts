/** A flood of another kind every few minutes, each with what it must not leave behind. */
import { setTimeout as wait } from "node:timers/promises";
import {
  floodGarbage,
  floodTorrents,
  slowConnections,
  tlsStorm,
  vanishingUpgrades,
} from "../clients/storms.ts";
import type { TrackerProcess } from "../tracker-process.ts";
import type { Findings } from "./findings.ts";

const PAUSE_MILLISECONDS = 60_000;
const STOPPED_MILLISECONDS = 5000;

export class FloodActor {
  /** Whether one is under way: memory is not judged then. */
  isFlooding = false;
  readonly #tracker: TrackerProcess;
  readonly #findings: Findings;
  readonly #timer: NodeJS.Timeout;
  #number = 0;
  #flood: Promise<void> = Promise.resolve();

  constructor(tracker: TrackerProcess, findings: Findings) {
    this.#tracker = tracker;
    this.#findings = findings;
    this.#timer = setInterval(() => this.#next(), PAUSE_MILLISECONDS);
  }

  /** Resolves when the flood under way is over: nobody leaves while the tracker stands still. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flood;
  }

  #next(): void {
    if (!this.isFlooding) this.#flood = this.#run();
  }

  async #run(): Promise<void> {
    const { udp, http, https } = this.#tracker.ports();
    const floods = [
      () => floodTorrents(udp, 50_000, 10_000),
      () => slowConnections(http, 800, 5000),
      () => tlsStorm(https, 200, 20),
      () => floodGarbage(udp, 20_000, 10_000),
      () => vanishingUpgrades(http, 300),
      () => this.#stopForAWhile(),
    ];
    this.isFlooding = true;
    this.#findings.floods++;
    try {
      await floods[this.#number++ % floods.length]?.();
    } catch (error) {
      this.#findings.complain(`flood ${this.#number}: ${error}`);
    }
    this.isFlooding = false;
  }

  async #stopForAWhile(): Promise<void> {
    this.#tracker.signal("SIGSTOP");
    await wait(STOPPED_MILLISECONDS);
    this.#tracker.signal("SIGCONT");
  }
}
