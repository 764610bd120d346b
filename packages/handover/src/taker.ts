/**
 * The side of a hand-over that is new: gets swarms, sockets and keys from the running process and takes its place. Called by
 * the start of the tracker, step by step, on the main thread; until `serve` nothing of the running process has changed.
 *
 *     const taker = await Taker.greet(channel, { version, facts });   sockets, keys and clock are known
 *     await taker.receiveSwarms({ store, … });                        while the other serves
 *     …                                                               start the workers, which wait
 *     const { counters } = await taker.go();                          the other holds still
 *     …                                                               let the workers go
 *     await taker.serve();                                            the other lets go
 *
 * Messages are read all the time, by one loop, so that changes are applied as they come.
 */
import { setImmediate as breathe } from "node:timers/promises";
import type { Sample } from "@swarmtide/metrics";
import { type HandedSocket, HandedSockets } from "@swarmtide/runtime";
import { type ByteSource, PartSource, SnapshotReader, SnapshotRestorer } from "@swarmtide/snapshot";
import {
  CHANGE_WORDS,
  ChangeTaker,
  type InfoHashFilter,
  monotonicSeconds,
  type SwarmStore,
} from "@swarmtide/swarm";
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
  type Frame,
} from "./frames.ts";
import {
  type Facts,
  type GiverHello,
  HANDOVER_VERSION,
  readGiverHello,
  readGo,
  readHello,
  readReason,
  readSockets,
  type TakerHello,
} from "./messages.ts";

/** For a message that the running process sends at once, or while the host has much to do. */
const ANSWER_MILLISECONDS_MAX = 20_000;
/** Between two messages once it has let go: it tells what its connections announce. */
const LATE_MILLISECONDS_MAX = 1000;
/** Between two looks whether the workers are ready. */
const PREPARING_LOOK_MILLISECONDS = 5;
/** Two processes on one clock read it this close to each other. */
const CLOCK_SECONDS_MAX = 60;

export interface SwarmsOptions {
  readonly store: SwarmStore;
  readonly peerAgeSecondsMax: number;
  readonly keepCompletedSeconds: number;
  readonly accessList: InfoHashFilter | undefined;
}

/** What came, for the log. */
export interface ReceivedSwarms {
  readonly peers: number;
  readonly torrents: number;
  readonly peersRefused: number;
}

export class Taker {
  readonly hello: GiverHello;
  readonly sockets: HandedSockets;
  readonly #channel: FrameChannel;
  #changes: ChangeTaker | undefined;

  private constructor(channel: FrameChannel, hello: GiverHello, sockets: HandedSockets) {
    this.#channel = channel;
    this.hello = hello;
    this.sockets = sockets;
  }

  /** Rejects with ChannelFailure where the two processes do not fit together. */
  static async greet(
    channel: FrameChannel,
    { version, facts }: { readonly version: string; readonly facts: Facts },
  ): Promise<Taker> {
    const own: TakerHello = { handover: HANDOVER_VERSION, version, pid: process.pid };
    await channel.sendJson(FRAME_HELLO, own);
    const greeting = await channel.expect(FRAME_HELLO, ANSWER_MILLISECONDS_MAX);
    const refuse = async (reason: string): Promise<never> => {
      await channel.sendJson(FRAME_REFUSED, { reason });
      throw new ChannelFailure(reason);
    };
    const { handover, version: its } = readHello(greeting);
    if (handover !== HANDOVER_VERSION)
      return await refuse(
        `the running swarmtide ${its} speaks version ${handover} of the hand-over, this one version ${HANDOVER_VERSION}: stop that one and start this one`,
      );
    const hello = readGiverHello(greeting);
    const misfit = misfitOf(hello, facts);
    if (misfit !== undefined) return await refuse(misfit);
    const sockets: HandedSocket[] = [];
    for (let i = 0; i < hello.socketFrames; i++) {
      const payload = await channel.expect(FRAME_SOCKETS, ANSWER_MILLISECONDS_MAX);
      const places = readSockets(payload);
      const fds = channel.takeFds(places.length);
      for (const [j, place] of places.entries()) sockets.push({ ...place, fd: fds[j] ?? -1 });
    }
    return new Taker(channel, hello, new HandedSockets(sockets));
  }

  /** A key of the running process, in memory of its own; undefined where it has none of this name. */
  secret(name: string): Uint8Array | undefined {
    const text = this.hello.secrets[name];
    return text === undefined ? undefined : new Uint8Array(Buffer.from(text, "base64"));
  }

  /** Fills a store that nobody announces to yet. Its clock has the running process's origin. */
  async receiveSwarms(options: SwarmsOptions): Promise<ReceivedSwarms> {
    const source = new PartSource();
    this.#changes = new ChangeTaker(options.store);
    source.put(await this.#channel.expect(FRAME_RECORDS, ANSWER_MILLISECONDS_MAX));
    const reader = openReader(source);
    const restorer = new SnapshotRestorer({
      ...options,
      reader,
      nowSeconds: () => monotonicSeconds() - this.hello.startedSeconds,
      unixSeconds: () => Date.now() / 1000,
    });
    source.isOpen = false;
    for (let isMore = true; isMore; ) {
      const frame = await this.#next();
      if (frame.kind !== FRAME_RECORDS) throw unexpected(frame);
      source.put(frame.payload);
      isMore = restorer.step();
    }
    if (!reader.isWhole)
      throw new ChannelFailure(`the swarms did not come whole: ${reader.problems[0]}`);
    const { peersStored, recordsStored, peersRefused } = restorer.taken;
    return { peers: peersStored, torrents: recordsStored, peersRefused };
  }

  /** Keeps changes applied while `preparing` goes on, then asks the running process to hold still and takes its last words. */
  async go(preparing: Promise<unknown>): Promise<{ readonly counters: readonly Sample[] }> {
    let isPrepared = false;
    const end = () => {
      isPrepared = true;
    };
    const prepared = preparing.then(end);
    prepared.catch(end);
    await breathe();
    while (!isPrepared) {
      const frame = await this.#receive(PREPARING_LOOK_MILLISECONDS);
      if (frame) throw unexpected(frame);
    }
    await prepared;
    await this.#channel.send(FRAME_PREPARED);
    const frame = await this.#next();
    if (frame.kind !== FRAME_GO) throw unexpected(frame);
    const { counters, totals } = readGo(frame.payload);
    this.#changes?.addTotals(totals);
    return { counters: counters as readonly Sample[] };
  }

  /** Says that the workers serve; fulfilled once the running process has let go, which from then on sends what is late. */
  async serve(): Promise<void> {
    await this.#channel.send(FRAME_RUNNING);
    const frame = await this.#next();
    if (frame.kind !== FRAME_RELEASED) throw unexpected(frame);
    if (this.#changes !== undefined) this.#changes.isShared = true;
  }

  /** Applies what the connections of the other process still announce, until it has none. Fulfilled then. */
  async follow(): Promise<void> {
    try {
      for (;;) {
        const frame = await this.#receive(LATE_MILLISECONDS_MAX);
        if (frame?.kind === FRAME_END) return;
      }
    } catch (error) {
      if (!(error instanceof ChannelFailure)) throw error;
      // It was stopped before all had ended, with what was open.
    } finally {
      this.#channel.close();
    }
  }

  /** Tells the running process why there is no hand-over. */
  async refuse(reason: string): Promise<void> {
    await this.#channel.refuse(reason);
  }

  async #next(): Promise<Frame> {
    const frame = await this.#receive(ANSWER_MILLISECONDS_MAX);
    if (frame === undefined) throw new ChannelFailure("the running process is silent");
    return frame;
  }

  /** The next frame that is not a change; changes are applied. */
  async #receive(patienceMilliseconds: number): Promise<Frame | undefined> {
    for (;;) {
      const frame = await this.#channel.receive(patienceMilliseconds);
      if (frame?.kind === FRAME_REFUSED) throw new ChannelFailure(readReason(frame.payload));
      if (frame?.kind !== FRAME_CHANGES) return frame;
      this.#changes?.take(changesIn(frame.payload));
    }
  }
}

/** Why one process cannot take the place of the other; undefined where it can. */
function misfitOf(hello: GiverHello, facts: Facts): string | undefined {
  const clockSeconds = Math.abs(hello.nowSeconds - monotonicSeconds());
  if (clockSeconds > CLOCK_SECONDS_MAX)
    return "the running process has another clock (a time namespace): start in its container";
  for (const [key, value] of Object.entries(facts))
    if (hello.facts[key] !== undefined && hello.facts[key] !== value)
      return `${key} = ${value}: the running process has ${hello.facts[key]}, which only a restart changes`;
  return undefined;
}

function openReader(source: ByteSource): SnapshotReader {
  try {
    return new SnapshotReader(source);
  } catch (error) {
    throw new ChannelFailure(
      `the swarms cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Whole changes; the payload is memory of its own, so that it begins at a word. */
function changesIn({ buffer, length }: Uint8Array): Int32Array {
  if (length % (CHANGE_WORDS * Int32Array.BYTES_PER_ELEMENT) !== 0)
    throw new ChannelFailure(`the other process sent ${length} bytes of changes, no whole ones`);
  return new Int32Array(buffer);
}

const unexpected = ({ kind }: Frame) =>
  new ChannelFailure(`the running process sent message ${kind} at the wrong time`);
