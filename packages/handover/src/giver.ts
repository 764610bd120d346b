/**
 * The side of a hand-over that runs: hands swarms, sockets and keys to a process that takes over. If any
 * step fails it keeps serving. One take-over of a running tracker; main thread, which serves no peers.
 *
 * The swarms go out while the workers serve, and what changes meanwhile after them; only for the last changes the workers hold
 * still, for some milliseconds. A copy and a change of the same peer may overtake each other within this process, but not on
 * the stream: changes are read when all that was copied before has been sent, and each says what is true, not what happened.
 */
import { setImmediate as breathe, setTimeout as pause } from "node:timers/promises";
import type { CounterTables, Sample } from "@swarmtide/metrics";
import type { HandedSocket, Logger } from "@swarmtide/runtime";
import { CHUNK_HEADER_BYTES, SnapshotWriter } from "@swarmtide/snapshot";
import { ChangeReader, monotonicSeconds, readSwarmTotals, type SwarmStore } from "@swarmtide/swarm";
import type { FrameChannel } from "./frame-channel.ts";
import {
  ChannelFailure,
  FRAME_CHANGES,
  FRAME_END,
  FRAME_GO,
  FRAME_HELLO,
  FRAME_PREPARED,
  FRAME_RECORDS,
  FRAME_REFUSED,
  FRAME_RELEASED,
  FRAME_RUNNING,
  FRAME_SOCKETS,
} from "./frames.ts";
import {
  type Facts,
  type GiverHello,
  HANDOVER_VERSION,
  readHello,
  readReason,
  type TakerHello,
} from "./messages.ts";

/** Sockets in one message. */
const SOCKETS_PER_FRAME = 128;
/** For a message that the other process sends at once. */
const ANSWER_MILLISECONDS_MAX = 10_000;
/** For it to load its workers, with all that the host has to do besides. */
const PREPARE_MILLISECONDS_MAX = 120_000;
/** Between two looks for changes where the other process is busy. */
const CHANGES_MILLISECONDS = 5;
/** While the store is being filled the other process gets a message without changes this often, so that it goes on waiting. */
const FILLING_MILLISECONDS = 1000;

/** A service of the running tracker. */
export interface GivenService {
  readonly sockets: () => readonly HandedSocket[];
  /** Keys by name, which the new process goes on with. */
  readonly secrets?: Readonly<Record<string, Uint8Array>>;
  /** See `WorkerGroup`. */
  hold(): Promise<void>;
  release(): void;
  drain(): Promise<void>;
}

export interface GiverOptions {
  readonly version: string;
  readonly store: SwarmStore;
  readonly startedSeconds: number;
  readonly facts: Facts;
  readonly services: readonly GivenService[];
  /** Whether the store is still being filled from elsewhere, which no change tells: the swarms go out after that. */
  readonly isFilling: () => boolean;
  readonly counters: () => CounterTables;
  /** Of the counters, those that are to be told otherwise. */
  readonly adjust: (samples: readonly Sample[]) => readonly Sample[];
  readonly log: Logger;
  readonly drainSeconds: number;
  /** The other process serves. */
  readonly onHandedOver: () => void;
}

/** Carries out one take-over. Returns whether the other process serves now; where it does not, everything is as before. */
export async function giveTo(channel: FrameChannel, options: GiverOptions): Promise<boolean> {
  const { log, store, services, onHandedOver } = options;
  let changes: ChangeReader | undefined;
  let isHandedOver = false;
  try {
    const { pid, version } = await greet(channel, options);
    log.info(`hand-over: to process ${pid}, swarmtide ${version}`);
    changes = new ChangeReader(store);
    await sendSwarms(channel, options, changes);
    await untilPrepared(channel, changes);
    const heldMilliseconds = performance.now();
    await within(Promise.all(services.map((service) => service.hold())));
    await sendChanges(channel, changes);
    const counters = options.adjust(options.counters().samples());
    const totals = readSwarmTotals(store);
    await channel.sendJson(FRAME_GO, { counters: counters.map(namedValue), totals });
    await channel.expect(FRAME_RUNNING, ANSWER_MILLISECONDS_MAX);
    await channel.send(FRAME_RELEASED);
    isHandedOver = true;
    const stood = Math.round(performance.now() - heldMilliseconds);
    log.info(`hand-over: process ${pid} serves; requests waited for ${stood} ms`);
    onHandedOver();
    await finish(channel, options, changes);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!isHandedOver) {
      for (const service of services) service.release();
      const reason = (await lastWords(channel)) ?? error.message;
      log.error(`hand-over: ${reason}; this process keeps serving`, {
        code: "SWARMTIDE_HANDOVER_FAILED",
      });
      await channel.sendJson(FRAME_REFUSED, { reason: error.message }).catch(() => {});
    }
  } finally {
    changes?.end();
    channel.close();
  }
  return isHandedOver;
}

async function greet(channel: FrameChannel, options: GiverOptions): Promise<TakerHello> {
  const { version, facts, startedSeconds, services } = options;
  const hello = readHello(await channel.expect(FRAME_HELLO, ANSWER_MILLISECONDS_MAX));
  if (hello.handover !== HANDOVER_VERSION)
    throw new ChannelFailure(
      `swarmtide ${hello.version} speaks version ${hello.handover} of the hand-over, swarmtide ${version} version ${HANDOVER_VERSION}: stop this one and start that one`,
    );
  const sockets = services.flatMap((service) => service.sockets());
  const secrets = services.flatMap((service) => Object.entries(service.secrets ?? {}));
  await channel.sendJson(FRAME_HELLO, {
    ...{ handover: HANDOVER_VERSION, version, pid: process.pid, facts },
    ...{ startedSeconds, nowSeconds: monotonicSeconds() },
    secrets: Object.fromEntries(
      secrets.map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]),
    ),
    socketFrames: Math.ceil(sockets.length / SOCKETS_PER_FRAME),
  } satisfies GiverHello);
  for (let first = 0; first < sockets.length; first += SOCKETS_PER_FRAME) {
    const some = sockets.slice(first, first + SOCKETS_PER_FRAME);
    const places = some.map(({ fd: _, ...place }) => place);
    await channel.sendJson(
      FRAME_SOCKETS,
      places,
      some.map(({ fd }) => fd),
    );
  }
  return hello;
}

/** All swarms as a stream of records, a frame for its header and for each chunk, and after each what has changed. */
async function sendSwarms(
  channel: FrameChannel,
  { store, startedSeconds, isFilling, log }: GiverOptions,
  changes: ChangeReader,
): Promise<void> {
  const pieces: Uint8Array[] = [];
  const writer = new SnapshotWriter({
    ...{ store, compression: "none", unixSeconds: Date.now() / 1000 },
    nowSeconds: () => monotonicSeconds() - startedSeconds,
    write: (bytes) => pieces.push(bytes.slice()),
  });
  const flush = async () => {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      const body = piece.length === CHUNK_HEADER_BYTES ? pieces.shift() : undefined;
      await channel.send(FRAME_RECORDS, body ? Buffer.concat([piece, body]) : piece);
    }
    await sendChanges(channel, changes);
    await breathe();
  };
  await flush();
  if (isFilling()) log.info("hand-over: waiting until the last snapshot is restored");
  for (let looks = 1; isFilling(); looks++) {
    await pause(CHANGES_MILLISECONDS);
    await sendChanges(channel, changes);
    if (looks % (FILLING_MILLISECONDS / CHANGES_MILLISECONDS) === 0)
      await channel.send(FRAME_CHANGES);
  }
  while (writer.step()) if (pieces.length > 0) await flush();
  await flush();
}

/** What has changed since the last time. */
async function sendChanges(channel: FrameChannel, changes: ChangeReader): Promise<void> {
  const noted: Uint8Array[] = [];
  changes.read((some) => noted.push(new Uint8Array(some.slice().buffer)));
  for (const some of noted) await channel.send(FRAME_CHANGES, some);
}

async function untilPrepared(channel: FrameChannel, changes: ChangeReader): Promise<void> {
  const endMilliseconds = performance.now() + PREPARE_MILLISECONDS_MAX;
  while (performance.now() < endMilliseconds) {
    const frame = await channel.receive(CHANGES_MILLISECONDS);
    if (frame?.kind === FRAME_PREPARED) return;
    if (frame?.kind === FRAME_REFUSED) throw new ChannelFailure(readReason(frame.payload));
    await sendChanges(channel, changes);
  }
  throw new ChannelFailure(
    `the new process was not ready after ${PREPARE_MILLISECONDS_MAX / 1000} s`,
  );
}

/**
 * Lets the workers finish their connections and tells the new process what these announce, until all have ended or the time
 * is over.
 */
async function finish(
  channel: FrameChannel,
  { services, drainSeconds, log }: GiverOptions,
  changes: ChangeReader,
): Promise<void> {
  let isDrained = false;
  const drained = Promise.all(services.map((service) => service.drain())).then(() => {
    isDrained = true;
  });
  const endMilliseconds = performance.now() + drainSeconds * 1000;
  try {
    while (!isDrained && performance.now() < endMilliseconds) {
      await Promise.race([drained, pause(CHANGES_MILLISECONDS)]);
      await sendChanges(channel, changes);
    }
    await sendChanges(channel, changes);
    await channel.send(FRAME_END);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The new process may have been stopped: connections here are finished all the same.
    log.warn(`hand-over: ${error.message}; announces on open connections are no longer passed on`);
    await Promise.race([drained, pause(Math.max(0, endMilliseconds - performance.now()))]);
  }
}

/** Why the other process has gone, where it has said so. */
async function lastWords(channel: FrameChannel): Promise<string | undefined> {
  try {
    for (;;) {
      const frame = await channel.receive(0);
      if (frame === undefined) return undefined;
      if (frame.kind === FRAME_REFUSED) return readReason(frame.payload);
    }
  } catch {
    return undefined;
  }
}

const namedValue = ({ name, labels, value }: Sample) => ({ name, labels, value });

/** Workers look every 50 ms; one that does not is stuck. */
async function within(held: Promise<unknown>): Promise<void> {
  const late = pause(ANSWER_MILLISECONDS_MAX).then(() => {
    throw new ChannelFailure("a worker did not hold still");
  });
  await Promise.race([held, late]);
  late.catch(() => {});
}
