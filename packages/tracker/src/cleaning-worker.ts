/**
 * The cleaning thread: at an interval, one pass over the swarm store that removes expired peers, empty torrents and
 * torrents that the access list refuses. Started by `startTracker`; owns nothing but its place in the pass. It works in
 * slices (see SwarmCleaning), so that no request waits for it longer than some ten microseconds.
 */
import { parentPort, workerData } from "node:worker_threads";
import {
  ControlBlock,
  createLogger,
  type LogSettings,
  receiveMessages,
  reportReady,
} from "@swarmtide/runtime";
import {
  AccessList,
  type AccessListHandle,
  attachSwarmStore,
  openClock,
  SwarmCleaning,
  type SwarmStoreHandle,
} from "@swarmtide/swarm";

/** What the thread is started with. */
export interface CleaningWorkerData {
  readonly store: SwarmStoreHandle;
  readonly accessList: AccessListHandle;
  readonly control: SharedArrayBuffer;
  readonly log: LogSettings;
  readonly intervalSeconds: number;
  readonly peerAgeSecondsMax: number;
  /** Zero of the store's clock, see `openClock`. */
  readonly startedSeconds: number;
}

/** Posted to the thread when the list is read again. */
export interface AccessListMessage {
  readonly accessList: AccessListHandle;
}

const SECOND = 1000;
/** How often a pass looks whether to stop. */
const SLICES_PER_LOOK = 256;

if (parentPort !== null) run(workerData as CleaningWorkerData, parentPort);

function run(data: CleaningWorkerData, port: NonNullable<typeof parentPort>): void {
  const control = ControlBlock.attach(data.control);
  const store = attachSwarmStore(data.store);
  const log = createLogger(data.log, "cleaning");
  let accessList = AccessList.attach(data.accessList);
  let generation = control.generation;
  const nowSeconds = openClock(data.startedSeconds);
  let nextSeconds = nowSeconds() + data.intervalSeconds;
  reportReady();
  while (!control.waitForStop(SECOND)) {
    if (control.generation !== generation) {
      generation = control.generation;
      for (const message of receiveMessages(port) as AccessListMessage[])
        accessList = AccessList.attach(message.accessList);
    }
    const startSeconds = nowSeconds();
    if (startSeconds < nextSeconds) continue;
    const cleaning = new SwarmCleaning(store, {
      nowSeconds: startSeconds,
      peerAgeSecondsMax: data.peerAgeSecondsMax,
      accessList,
    });
    for (let slices = 1; cleaning.step(); slices++)
      if (slices % SLICES_PER_LOOK === 0 && control.isStopping) return;
    nextSeconds = nowSeconds() + data.intervalSeconds;
    log.debug("cleaned", {
      peersRemoved: cleaning.peersRemoved,
      torrentsRemoved: cleaning.torrentsRemoved,
      milliseconds: Math.round((nowSeconds() - startSeconds) * 1000),
    });
  }
}
