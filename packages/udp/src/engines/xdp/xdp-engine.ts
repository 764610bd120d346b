/**
 * Engine `xdp`: connects are answered and datagrams without a valid connection id dropped inside the kernel, before the
 * network stack; a worker answers the rest out of the frames it is handed, without a system call for receiving. What the
 * program does not take comes to the ordinary sockets, which the same worker serves. Runs in the worker thread.
 *
 * Opt-in: firewall rules and tcpdump do not see what XDP answers; docs/xdp.md says what else to know.
 */
import { linuxObstacle, ReadinessPoller, XDP_FRAME_BYTES, XdpQueue } from "@swarmtide/linux";
import { LOOK_MILLISECONDS, type Steering } from "@swarmtide/runtime";
import type { EngineRun, UdpEngine, UdpEngineOptions } from "../engine.ts";
import { MmsgRounds } from "../mmsg/mmsg-rounds.ts";
import { FRAMES } from "./frame-layout.ts";
import { XdpDatagrams } from "./hot/xdp-datagrams.ts";
import { bindXdp, type XdpOfWorker } from "./xdp-binding.ts";
import { xdpObstacles } from "./xdp-checks.ts";
import { XdpCounts, XdpSettings } from "./xdp-settings.ts";

/** How often the program's counts are taken over. */
const COUNT_SECONDS = 1;
/** How often the interface is asked for its addresses. */
const LEARN_SECONDS = 5;
/** A packet of 1,500 bytes with headers of IPv6 and UDP: an AF_XDP socket cannot send a datagram in fragments. */
const REPLY_BYTES_MAX = 1452;
if (REPLY_BYTES_MAX + FRAMES[6].payloadAt > XDP_FRAME_BYTES - 2)
  throw new Error("the longest reply fits a frame");

export const xdpEngine = {
  name: "xdp",
  doc: "inside the kernel and past its network stack, see docs/xdp.md",
  supported: () => linuxObstacle() ?? true,
  isAutomatic: false,
  readsPacketInfo: true,
  leavesRequestsInSockets: false,
  closesListeners: false,
  replyBytesMax: REPLY_BYTES_MAX,
  bind: bindXdp,
  obstacles: xdpObstacles,
  open,
} as const satisfies UdpEngine;

function open(options: UdpEngineOptions) {
  const { tracker, nowSeconds } = options;
  // Made by `bindXdp` on the main thread, for this worker.
  const bound = options.bound as XdpOfWorker;
  const rounds = new MmsgRounds(options);
  const queues = bound.sockets.map(
    (socket) => new XdpDatagrams({ ...options, queue: new XdpQueue(socket) }),
  );
  const poller = new ReadinessPoller([...rounds.fds, ...bound.sockets.map(({ fd }) => fd)]);
  const keeper = bound.isFirst ? new Keeper(options, bound) : undefined;
  const serveQueues = (): boolean => {
    let isAnyFull = false;
    for (const queue of queues) if (queue.serve()) isAnyFull = true;
    return isAnyFull;
  };
  const run = (steering: Steering): void => {
    keeper?.begin();
    while (steering.goesOn()) {
      const seconds = nowSeconds();
      tracker.setNow(seconds);
      rounds.look(seconds);
      if (keeper?.isDue(seconds) === true) for (const queue of queues) queue.countDrops();
      const isMoreInQueues = serveQueues();
      if (!rounds.serve() && !isMoreInQueues) poller.wait(LOOK_MILLISECONDS);
    }
    keeper?.end();
    // What the program had handed over before it let everything pass.
    while (serveQueues());
    keeper?.collect();
  };
  return {
    run,
    stop() {},
    makeRoom: (replyBytesMax) => rounds.makeRoom(replyBytesMax),
  } satisfies EngineRun;
}

/** Keeps the shared memory for all workers, in the first one. */
class Keeper {
  readonly #options: UdpEngineOptions;
  readonly #settings: XdpSettings;
  readonly #counts: XdpCounts;
  #countAtSeconds = 0;
  #learnAtSeconds = 0;

  constructor(options: UdpEngineOptions, { settings, counters, interfaceName }: XdpOfWorker) {
    this.#options = options;
    this.#settings = new XdpSettings(settings, interfaceName, options.listeners);
    this.#counts = new XdpCounts(counters, options.tracker.counters);
  }

  begin(): void {
    this.#settings.enable(this.#options.tracker.connectionIds, this.#options.nowSeconds());
  }

  /** Once a second: takes over what was counted, and tells the program what has changed. True then. */
  isDue(seconds: number): boolean {
    if (seconds < this.#countAtSeconds) return false;
    this.#countAtSeconds = seconds + COUNT_SECONDS;
    this.collect();
    this.#settings.setConnectionAge(this.#options.tracker.connectionIds.ageSecondsMax);
    if (seconds >= this.#learnAtSeconds) {
      this.#learnAtSeconds = seconds + LEARN_SECONDS;
      this.#settings.learnAddresses();
    }
    return true;
  }

  end(): void {
    this.#settings.disable();
  }

  collect(): void {
    this.#counts.collect();
  }
}
