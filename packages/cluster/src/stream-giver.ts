/**
 * Gives this node's swarms to another one that asks: a stream of records (docs/protocol/records.md), a message for its header and
 * for each chunk, of which at most WINDOW_PARTS are under way that the other has not taken. One stream at a time. A chunk is
 * sent as soon as it is copied out of the store, so that announces that come later are sent later. Cluster thread.
 */
import { add } from "@swarmtide/metrics";
import { SnapshotWriter } from "@swarmtide/snapshot";
import type { SwarmStore } from "@swarmtide/swarm";
import { STREAMS_GIVEN, STREAMS_GIVEN_UP } from "./counters.ts";
import type { Member } from "./member.ts";
import { KIND_PART, REASON_BUSY, REASON_NOT_READY } from "./messages/layout.ts";
import type { Sender } from "./messages/message.ts";
import type { Surroundings } from "./surroundings.ts";

/** Of some 60 KB each: what a network of 20 ms and 100 Mbit/s needs. */
const WINDOW_PARTS = 4;
/** A part is a whole NATS message of at most 64 KiB. */
const BODY_BYTES_MAX = 56 * 1024;
/** The thread has other things to do: so long at once. */
const SLICE_MILLISECONDS = 5;
/** Who takes nothing for so long has gone. */
const PATIENCE_MILLISECONDS = 15_000;
/** "All ages" in an ask. */
export const AGE_SECONDS_ALL = 0xffffffff;

export interface GiverOptions extends Surroundings {
  readonly store: SwarmStore;
  /** The store's clock. */
  readonly nowSeconds: () => number;
  /** Sends a message to a node. False where it is lost. */
  readonly send: (
    kind: number,
    to: Sender,
    stream: number,
    second: number,
    rest?: Uint8Array,
  ) => boolean;
}

interface GivenStream {
  readonly to: Member;
  /** Its number, by who asked. */
  readonly stream: number;
  readonly writer: SnapshotWriter;
  /** Pieces that the writer has made and that are not sent yet: headers of chunks, each with its body. */
  readonly pieces: Uint8Array[];
  isWritten: boolean;
  sent: number;
  taken: number;
  lastTakenMilliseconds: number;
}

export class StreamGiver {
  readonly #options: GiverOptions;
  #stream: GivenStream | undefined;

  constructor(options: GiverOptions) {
    this.#options = options;
  }

  /** Begins a stream. Returns why not, REASON_…, or 0. */
  ask(to: Member, stream: number, ageSecondsMax: number, canGive: boolean): number {
    if (!canGive) return REASON_NOT_READY;
    const current = this.#stream;
    // One that has left, was silent or was replaced by a restart keeps nobody waiting.
    const isHeld = current !== undefined && current.to !== to && current.to.number !== 0;
    if (isHeld) return REASON_BUSY;
    if (current !== undefined) this.#giveUp();
    const { store, nowSeconds, nowMilliseconds, timeMilliseconds } = this.#options;
    const pieces: Uint8Array[] = [];
    this.#stream = {
      ...{ to, stream },
      writer: new SnapshotWriter({
        ...{ store, compression: "none", nowSeconds, bodyBytesMax: BODY_BYTES_MAX },
        unixSeconds: timeMilliseconds() / 1000,
        write: (bytes) => pieces.push(bytes.slice()),
        peerAgeSecondsMax: ageSecondsMax === AGE_SECONDS_ALL ? undefined : ageSecondsMax,
      }),
      pieces,
      isWritten: false,
      sent: 0,
      taken: 0,
      lastTakenMilliseconds: nowMilliseconds(),
    };
    return 0;
  }

  /** The other has taken so many parts. */
  taken(from: Member, stream: number, parts: number): void {
    const current = this.#stream;
    if (current === undefined || current.to !== from || current.stream !== stream) return;
    if (parts <= current.taken || parts > current.sent) return;
    current.taken = parts;
    current.lastTakenMilliseconds = this.#options.nowMilliseconds();
    this.work();
  }

  /** Whether there is more to do at once. */
  get isBusy(): boolean {
    const current = this.#stream;
    return current !== undefined && current.sent - current.taken < WINDOW_PARTS;
  }

  /** Copies and sends for some milliseconds. Called every so often, and as parts are taken. */
  work(): void {
    const current = this.#stream;
    if (current === undefined) return;
    const { counters, nowMilliseconds } = this.#options;
    const start = nowMilliseconds();
    if (start - current.lastTakenMilliseconds > PATIENCE_MILLISECONDS) {
      this.#giveUp();
      return;
    }
    while (current.sent - current.taken < WINDOW_PARTS) {
      if (current.pieces.length > 0) {
        if (!this.#sendPart(current)) {
          this.#giveUp();
          return;
        }
      } else if (current.isWritten) {
        if (current.taken < current.sent) return;
        add(counters, STREAMS_GIVEN);
        this.#stream = undefined;
        return;
      } else current.isWritten = !current.writer.step();
      if (nowMilliseconds() - start >= SLICE_MILLISECONDS) return;
    }
  }

  /** The header of the stream goes alone, that of a chunk with its body. */
  #sendPart(current: GivenStream): boolean {
    const header = current.pieces.shift();
    if (header === undefined) return true;
    const body = current.sent === 0 ? undefined : current.pieces.shift();
    const part = body === undefined ? header : Buffer.concat([header, body]);
    const { to, stream, sent } = current;
    const isSent = this.#options.send(KIND_PART, to, stream, sent, part);
    current.sent++;
    return isSent;
  }

  #giveUp(): void {
    add(this.#options.counters, STREAMS_GIVEN_UP);
    this.#stream = undefined;
  }
}
