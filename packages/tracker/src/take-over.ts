/**
 * The start of a tracker that takes over from a running one, and the way of the running one out. `startConfigured` calls both;
 * packages/handover has the steps between the two processes. Main thread.
 */
import {
  ChannelFailure,
  connectControlSocket,
  type FrameChannel,
  type GivenService,
  giveTo,
  Taker,
} from "@swarmtide/handover";
import type { CounterTables, Sample } from "@swarmtide/metrics";
import { formatListener, type HandedSockets, type Logger, OperatorError } from "@swarmtide/runtime";
import { AccessList, type AccessListHandle, type SwarmStore } from "@swarmtide/swarm";
import type { TrackerConfig } from "./config.ts";
import type { FormerProcess, RunningService } from "./services/service.ts";
import { factsOf } from "./services/services.ts";
import { version } from "./version.ts";

const SECONDS_PER_DAY = 86_400;

/** The running tracker, while this process takes its place. */
export class TakeOver implements FormerProcess {
  readonly isHolding: Promise<void>;
  readonly #taker: Taker;
  readonly #log: Logger;
  #hold: () => void = () => {};

  private constructor(taker: Taker, log: Logger) {
    this.#taker = taker;
    this.#log = log;
    this.isHolding = new Promise((resolve) => {
      this.#hold = resolve;
    });
  }

  /** Asks the running tracker. Undefined, with a line in the log, where none runs. Rejects with OperatorError. */
  static async begin(config: TrackerConfig, log: Logger): Promise<TakeOver | undefined> {
    const { controlSocket: path } = config.handover;
    if (path === "")
      throw new OperatorError(
        'handover.control_socket = "": expected a path; --take-over asks the running tracker there',
        { code: "SWARMTIDE_HANDOVER_FAILED" },
      );
    const channel = connectControlSocket(path);
    if (channel === undefined) {
      log.info(`no tracker runs at handover.control_socket = "${path}": starting without one`);
      return undefined;
    }
    const facts = factsOf(config);
    const taker = await explained(Taker.greet(channel, { version: version(), facts }));
    const { pid, version: its } = taker.hello;
    log.info(`taking over from process ${pid}, swarmtide ${its}`);
    return new TakeOver(taker, log);
  }

  get sockets(): HandedSockets {
    return this.#taker.sockets;
  }

  get startedSeconds(): number {
    return this.#taker.hello.startedSeconds;
  }

  secret(name: string): Uint8Array | undefined {
    return this.#taker.secret(name);
  }

  /** Sockets that this configuration has no use for are not read any more once the other process has gone. */
  closeOthers(): void {
    for (const { kind, key, address, family, port, path } of this.sockets.closeRest()) {
      if (kind === "control") continue;
      const bytes = Uint8Array.from(Buffer.from(address, "hex"));
      const place = formatListener({
        key,
        family,
        isTls: false,
        address: bytes,
        port,
        path,
        fd: undefined,
      });
      this.#log.info(`${key} ${place} is no longer served`);
    }
  }

  async receiveSwarms(
    store: SwarmStore,
    { swarm }: TrackerConfig,
    accessList: AccessListHandle,
  ): Promise<void> {
    const received = await explained(
      this.#taker.receiveSwarms({
        store,
        peerAgeSecondsMax: swarm.maxPeerAge,
        keepCompletedSeconds: swarm.keepCompleted * SECONDS_PER_DAY,
        accessList: accessList.mode === "off" ? undefined : AccessList.attach(accessList),
      }),
    );
    this.#log.info("swarms received", { ...received });
  }

  /** Waits for the workers, which are held; then the other process holds still, and these are let go. */
  async go(
    running: readonly RunningService<TrackerConfig>[],
    counters: CounterTables,
  ): Promise<void> {
    const given = running.flatMap((service) => service.given ?? []);
    const held = Promise.all(given.map((service) => service.hold()));
    const last = await explained(this.#taker.go(held));
    counters.add(last.counters);
    for (const service of given) service.release();
    this.#hold();
  }

  /** Everything serves: the other process may go. */
  async serve(): Promise<void> {
    await explained(this.#taker.serve());
    void this.#taker.follow();
  }

  /** Says why this process does not take over after all. */
  async refuse(error: unknown): Promise<void> {
    await this.#taker.refuse(error instanceof Error ? error.message : String(error));
  }
}

export interface GivenTracker {
  readonly store: SwarmStore;
  readonly config: TrackerConfig;
  readonly startedSeconds: number;
  readonly running: readonly RunningService<TrackerConfig>[];
  readonly counters: () => CounterTables;
  readonly log: Logger;
  readonly onHandedOver: () => void;
}

/** Hands a running tracker to the process that has connected. Fulfilled once that has failed, or its connections have ended. */
export async function giveTracker(channel: FrameChannel, given: GivenTracker): Promise<boolean> {
  const { config, running } = given;
  return await giveTo(channel, {
    ...given,
    version: version(),
    facts: factsOf(config),
    drainSeconds: config.handover.drain,
    services: running.flatMap((service): GivenService[] => (service.given ? [service.given] : [])),
    isFilling: () => running.some((service) => service.isFilling?.() ?? false),
    adjust: withoutOpenConnections,
  });
}

/** What is open stays with this process, so that for the other it has ended. */
function withoutOpenConnections(samples: readonly Sample[]): Sample[] {
  const accepted = samples.find(({ name }) => name === "swarmtide_tcp_connections_accepted_total");
  return samples.map((sample) =>
    sample.name === "swarmtide_tcp_connections_closed_total"
      ? { ...sample, value: accepted?.value ?? sample.value }
      : sample,
  );
}

/** With the code for operators. */
async function explained<Result>(step: Promise<Result>): Promise<Result> {
  try {
    return await step;
  } catch (error) {
    if (!(error instanceof ChannelFailure)) throw error;
    throw new OperatorError(
      `the running tracker cannot be taken over: ${error.message}; it keeps serving`,
      { code: "SWARMTIDE_HANDOVER_FAILED", cause: error },
    );
  }
}
