/**
 * Takes the swarms of other nodes: of one when this node joins, and what was missed whenever messages of a node did not come. One
 * stream at a time, restored chunk by chunk as it comes, beside announces that are younger and stay. Cluster thread.
 *
 * A stream that breaks off, or is refused because the other is busy, is asked for again after a pause that grows; what did not
 * come at all comes with the next announces of those peers.
 */
import { add } from "@swarmtide/metrics";
import {
  PartSource,
  SnapshotReader,
  SnapshotRestorer,
  UnreadableStream,
} from "@swarmtide/snapshot";
import type { InfoHashFilter, SwarmStore } from "@swarmtide/swarm";
import { STREAM_PEERS, STREAM_REFUSED, STREAMS_LOST, STREAMS_TAKEN } from "./counters.ts";
import type { Member } from "./member.ts";
import { KIND_ASK, KIND_TAKEN } from "./messages/layout.ts";
import type { Sender } from "./messages/message.ts";
import { jittered, type Surroundings } from "./surroundings.ts";

/** A node that was asked begins within this time, and then goes on. */
const PATIENCE_MILLISECONDS = 5000;
/** Nodes that have missed the same do not all ask at once. */
const FIRST_PAUSE_MILLISECONDS = 2000;
const PAUSE_MILLISECONDS_MAX = 30_000;
const TRIES = 8;
/** Of a node that joins and is not answered: others wait for it, and there may be another one to ask. */
const TRIES_URGENT = 2;
/** Of one that is told that the other is busy: that one gives up a stream that stands still after 15 s, and these pauses add up to 31. */
const TRIES_REFUSED = 6;

export interface TakerOptions extends Surroundings {
  readonly store: SwarmStore;
  /** The store's clock. */
  readonly nowSeconds: () => number;
  readonly peerAgeSecondsMax: () => number;
  readonly keepCompletedSeconds: () => number;
  readonly accessList: () => InfoHashFilter | undefined;
  readonly send: (kind: number, to: Sender, stream: number, second: number) => boolean;
}

/** A stream that is to be asked for, or has been. */
interface Wanted {
  readonly member: Member;
  /** The greatest age of peers when it is asked for, seconds; worked out then. */
  readonly ageSeconds: () => number;
  readonly done: (isWhole: boolean) => void;
  readonly triesMax: number;
  tries: number;
  dueMilliseconds: number;
}

interface TakenStream {
  readonly wanted: Wanted;
  /** The number under which it was asked for. */
  readonly stream: number;
  readonly source: PartSource;
  reader: SnapshotReader | undefined;
  restorer: SnapshotRestorer | undefined;
  parts: number;
  lastHeardMilliseconds: number;
}

export class StreamTaker {
  readonly #options: TakerOptions;
  readonly #wanted: Wanted[] = [];
  #current: TakenStream | undefined;
  #lastStream: number;

  constructor(options: TakerOptions) {
    this.#options = options;
    this.#lastStream = Math.floor(options.random() * 2 ** 31);
  }

  /** Whether a stream of this member is wanted or comes. */
  isWanted(member: Member): boolean {
    return (
      this.#current?.wanted.member === member || this.#wanted.some((one) => one.member === member)
    );
  }

  /** Asks for swarms, at once or after a pause of chance; `done` is told the end, once. */
  want(
    member: Member,
    ageSeconds: () => number,
    isUrgent: boolean,
    done: (isWhole: boolean) => void,
  ): void {
    const { nowMilliseconds, random } = this.#options;
    const pause = isUrgent ? 0 : FIRST_PAUSE_MILLISECONDS * random();
    const dueMilliseconds = nowMilliseconds() + pause;
    const triesMax = isUrgent ? TRIES_URGENT : TRIES;
    this.#wanted.push({ member, ageSeconds, done, triesMax, tries: 0, dueMilliseconds });
    this.look();
  }

  /** Called every so often. */
  look(): void {
    const now = this.#options.nowMilliseconds();
    const current = this.#current;
    if (current !== undefined) {
      const hasGone = current.wanted.member.number === 0;
      if (hasGone || now - current.lastHeardMilliseconds > PATIENCE_MILLISECONDS) this.#breakOff();
      return;
    }
    const at = this.#wanted.findIndex(({ dueMilliseconds }) => dueMilliseconds <= now);
    if (at < 0) return;
    for (const wanted of this.#wanted.splice(at, 1))
      if (wanted.member.number === 0) wanted.done(false);
      else this.#ask(wanted);
  }

  /** The node that was asked will not give. */
  refused(from: Member, stream: number): void {
    if (this.#isOf(from, stream)) this.#breakOff(TRIES_REFUSED);
  }

  /** A part has come. */
  part(from: Member, stream: number, number: number, bytes: Uint8Array): void {
    const current = this.#current;
    if (current === undefined || !this.#isOf(from, stream)) return;
    if (number !== current.parts) {
      this.#breakOff();
      return;
    }
    current.lastHeardMilliseconds = this.#options.nowMilliseconds();
    const isMore = this.#take(current, bytes);
    if (isMore === undefined) {
      this.#breakOff();
      return;
    }
    current.parts++;
    this.#options.send(KIND_TAKEN, from, stream, current.parts);
    if (!isMore) this.#end(current);
  }

  #isOf(from: Member, stream: number): boolean {
    const current = this.#current;
    return current?.wanted.member === from && current.stream === stream;
  }

  #ask(wanted: Wanted): void {
    const { send, nowMilliseconds } = this.#options;
    this.#lastStream = (this.#lastStream + 1) >>> 0;
    const stream = this.#lastStream;
    wanted.tries++;
    this.#current = {
      ...{ wanted, stream, source: new PartSource(), reader: undefined, restorer: undefined },
      ...{ parts: 0, lastHeardMilliseconds: nowMilliseconds() },
    };
    const age = Math.min(0xffffffff, Math.ceil(wanted.ageSeconds()));
    if (!send(KIND_ASK, wanted.member, stream, age)) this.#breakOff();
  }

  /** Whether more is to come; undefined where these bytes are not what follows. */
  #take(current: TakenStream, bytes: Uint8Array): boolean | undefined {
    const { source } = current;
    source.put(bytes);
    if (current.reader === undefined) {
      try {
        current.reader = new SnapshotReader(source);
      } catch (error) {
        if (error instanceof UnreadableStream) return undefined;
        throw error;
      }
      source.isOpen = false;
      return true;
    }
    current.restorer ??= this.#openRestorer(current.reader);
    const isMore = current.restorer.step();
    if (current.reader.problems.length > 0) return undefined;
    return isMore;
  }

  #openRestorer(reader: SnapshotReader): SnapshotRestorer {
    const { store, nowSeconds, peerAgeSecondsMax, keepCompletedSeconds, accessList } =
      this.#options;
    return new SnapshotRestorer({
      ...{ store, reader, nowSeconds, accessList: accessList(), isForeign: true },
      peerAgeSecondsMax: peerAgeSecondsMax(),
      keepCompletedSeconds: keepCompletedSeconds(),
      // Parts come at once: no age is added, and the clock of the other need not be right.
      unixSeconds: () => 0,
    });
  }

  #end(current: TakenStream): void {
    const { counters, log } = this.#options;
    if (current.reader?.isWhole !== true) {
      this.#breakOff();
      return;
    }
    this.#current = undefined;
    const { taken } = current.restorer ?? {};
    add(counters, STREAMS_TAKEN);
    add(counters, STREAM_PEERS, taken?.peersStored ?? 0);
    add(counters, STREAM_REFUSED, taken?.peersRefused ?? 0);
    log.info(`received the swarms of node ${current.wanted.member.name}`, {
      torrents: taken?.recordsStored ?? 0,
      peers: taken?.peersStored ?? 0,
    });
    current.wanted.done(true);
  }

  /** The stream that comes is asked for again, after a pause that grows; `triesMin` times in any case. */
  #breakOff(triesMin = 0): void {
    const { counters, nowMilliseconds, random } = this.#options;
    const wanted = this.#current?.wanted;
    this.#current = undefined;
    if (wanted === undefined) return;
    add(counters, STREAMS_LOST);
    const triesMax = Math.max(wanted.triesMax, triesMin);
    if (wanted.tries >= triesMax || wanted.member.number === 0) {
      wanted.done(false);
      return;
    }
    const pause = Math.min(PAUSE_MILLISECONDS_MAX, 500 * 2 ** wanted.tries);
    wanted.dueMilliseconds = nowMilliseconds() + jittered(pause, random);
    this.#wanted.push(wanted);
  }
}
