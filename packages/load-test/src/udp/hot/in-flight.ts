/**
 * Requests that wait for an answer, by transaction id. Owned by one load; called for each request and reply.
 *
 * Ids count up; an id's low bits are its slot, so that finding it is an index and what came before in the slot is told
 * by the other bits. Slots are used in turn and time out in turn; one whose request still waits is passed over, so that a
 * lost request does not hold up those after it (it did: 65,536 slots and a timeout of 2 s let no more than 32,768 requests
 * a second through once one in a round was lost).
 */
import type { Tally } from "../../tally.ts";

const SLOT_BITS = 16;
const SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = SLOTS - 1;

const WAITING = 1;
const ANSWERED = 2;
const LOST = 3;

/** `find`: nobody awaits this answer; it has been counted. */
export const NOT_AWAITED = -1;

export class InFlight {
  /** What `open` was told, by slot. */
  readonly kinds = new Uint8Array(SLOTS);
  readonly sockets = new Uint16Array(SLOTS);
  readonly wanted = new Uint16Array(SLOTS);
  /** Which ports the peers of an announced torrent have (`expectPorts`). */
  readonly portClasses = new Uint8Array(SLOTS);
  readonly sinceMicros = new Float64Array(SLOTS);
  waiting = 0;
  private readonly ids = new Int32Array(SLOTS);
  private readonly states = new Uint8Array(SLOTS);
  private readonly deadlines = new Float64Array(SLOTS);
  private readonly tally: Tally;
  /** The next id, and the oldest that may still wait. */
  private next = 0;
  private oldest = 0;

  constructor(tally: Tally) {
    this.tally = tally;
  }

  /** How many requests can be opened now. */
  room(): number {
    return SLOTS - this.waiting;
  }

  /** Opens a request and returns its transaction id. `sinceMicros` is where its latency begins. */
  open(
    kind: number,
    socket: number,
    wanted: number,
    sinceMicros: number,
    deadlineMicros: number,
  ): number {
    while (this.states[this.next & SLOT_MASK] === WAITING) this.next++;
    const id = this.next | 0;
    const slot = this.next & SLOT_MASK;
    this.next++;
    this.ids[slot] = id;
    this.states[slot] = WAITING;
    this.kinds[slot] = kind;
    this.sockets[slot] = socket;
    this.wanted[slot] = wanted;
    this.sinceMicros[slot] = sinceMicros;
    this.deadlines[slot] = deadlineMicros;
    this.waiting++;
    return id;
  }

  /** The slot of the request with this id that was sent from this socket, or NOT_AWAITED. */
  find(id: number, socket: number): number {
    const slot = id & SLOT_MASK;
    if (this.ids[slot] !== id || this.states[slot] === 0 || this.sockets[slot] !== socket) {
      this.tally.unknown++;
      return NOT_AWAITED;
    }
    if (this.states[slot] === WAITING) return slot;
    if (this.states[slot] === LOST) this.tally.late++;
    else this.tally.duplicates++;
    return NOT_AWAITED;
  }

  /** The ports of the torrent that this request announces. */
  expectPorts(id: number, portClass: number): void {
    this.portClasses[id & SLOT_MASK] = portClass;
  }

  /** The request in this slot has its answer. */
  close(slot: number): void {
    this.states[slot] = ANSWERED;
    this.waiting--;
  }

  /** The request of that id was never sent; returns its kind. */
  withdraw(id: number): number {
    const slot = id & SLOT_MASK;
    this.close(slot);
    return this.kinds[slot];
  }

  /** Counts requests as lost that are older than their deadline. */
  expire(nowMicros: number): void {
    while (this.oldest !== this.next) {
      const slot = this.oldest & SLOT_MASK;
      if (this.states[slot] === WAITING && this.ids[slot] === (this.oldest | 0)) {
        if (this.deadlines[slot] > nowMicros) return;
        this.states[slot] = LOST;
        this.waiting--;
        this.tally.lost++;
      }
      this.oldest++;
    }
  }
}
