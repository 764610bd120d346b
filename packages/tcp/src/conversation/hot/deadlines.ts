/**
 * What a connection has time for, and until when. Set by `Conversation` as a connection goes on; looked at by its engine
 * every SWEEP_MILLISECONDS, so that no connection has a timer of its own. Owned by the worker.
 */
import type { Column, CounterRow, RefusalWriter } from "@swarmtide/metrics";
import { IDLE_TIMEOUTS, REQUEST_TIMEOUTS, TLS_FAILURES } from "../../counters.ts";
import type { ConversationOptions } from "../conversation-options.ts";
import type { Connection } from "./connection.ts";

/** What has to happen before the deadline. */
export const DEADLINE_HANDSHAKE = 0;
/** A request arrives whole, or its answer is taken. */
export const DEADLINE_REQUEST = 1;
/** Another request begins. */
export const DEADLINE_IDLE = 2;
/** The other end closes. */
export const DEADLINE_LINGER = 3;

/** How long a closed connection may go on sending before it is dropped. */
const LINGER_MILLISECONDS = 2000;

export class Deadlines {
  /** Milliseconds of the worker's clock; set by the engine before it reports an event. */
  nowMilliseconds = 0;

  private readonly counters: CounterRow<"tcp">;
  private readonly refusals: RefusalWriter<"tcp">;
  /** By the kind of the deadline. */
  private readonly milliseconds: Float64Array;

  constructor(options: ConversationOptions) {
    this.counters = options.counters;
    this.refusals = options.refusals;
    this.milliseconds = new Float64Array(DEADLINE_LINGER + 1);
    this.milliseconds[DEADLINE_LINGER] = LINGER_MILLISECONDS;
    this.configure(options);
  }

  /** Deadlines that are set from now on take these times. */
  configure(options: ConversationOptions): void {
    this.milliseconds[DEADLINE_HANDSHAKE] = options.handshakeTimeoutMilliseconds;
    this.milliseconds[DEADLINE_REQUEST] = options.requestTimeoutMilliseconds;
    this.milliseconds[DEADLINE_IDLE] = options.idleTimeoutMilliseconds;
  }

  set(connection: Connection, kind: number): void {
    connection.deadlineKind = kind;
    connection.deadline = this.nowMilliseconds + this.milliseconds[kind];
  }

  hasPassed(connection: Connection): boolean {
    return connection.deadline <= this.nowMilliseconds;
  }

  /** Counts a connection that is closed because its deadline has passed. */
  count(connection: Connection): void {
    const kind = connection.deadlineKind;
    if (kind === DEADLINE_HANDSHAKE) this.countAs(TLS_FAILURES, connection);
    else if (kind === DEADLINE_REQUEST) this.countAs(REQUEST_TIMEOUTS, connection);
    // A client that asks nothing more is not refused, but the operator may wonder whose connection was closed.
    else if (kind === DEADLINE_IDLE) this.countAs(IDLE_TIMEOUTS, connection);
  }

  private countAs(column: Column<"tcp">, { peer }: Connection): void {
    this.counters[column]++;
    this.refusals.notePeer(column, 0, peer);
  }
}
