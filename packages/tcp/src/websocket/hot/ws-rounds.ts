/**
 * Measures a worker's WebTorrent: how long messages stay inside, from their arrival until what became of them is with the
 * sockets, and how much of its time the worker spends on them. Called by `WsEndpoint` and its sessions; owned by their thread.
 *
 * A round begins with the first message after a flush and ends with the next one, up to a millisecond later
 * (FLUSH_MILLISECONDS in ws-endpoint.ts), or at once where there is nothing to flush. Busy is only the time in between in
 * which the tracker works: reading the clock twice a read takes 80 ns, of some 5 µs for a message.
 */
import type { CounterRow, RoundTimer } from "@swarmtide/metrics";
import { wsColumns } from "@swarmtide/ws";

const MESSAGES_IPV4 = wsColumns.MESSAGES_RECEIVED[0];
const MESSAGES_IPV6 = wsColumns.MESSAGES_RECEIVED[1];

export class WsRounds {
  private readonly timer: RoundTimer;
  private readonly counters: CounterRow<"ws">;
  private isOpen = false;
  private workingSince = 0;
  /** Messages whose round has ended. */
  private messages = 0;

  constructor(timer: RoundTimer, counters: CounterRow<"ws">) {
    this.timer = timer;
    this.counters = counters;
  }

  /** The tracker works from now on: bytes have arrived, or it flushes. */
  work(nowMilliseconds: number): void {
    this.workingSince = nowMilliseconds;
    if (this.isOpen) return;
    this.isOpen = true;
    this.timer.begin(nowMilliseconds);
  }

  /** It waits for the flush. */
  pause(nowMilliseconds: number): void {
    this.counters[wsColumns.BUSY_SECONDS] += (nowMilliseconds - this.workingSince) / 1000;
  }

  /** All that arrived in this round is done. */
  end(nowMilliseconds: number): void {
    this.pause(nowMilliseconds);
    const messages = this.counters[MESSAGES_IPV4] + this.counters[MESSAGES_IPV6];
    this.timer.end(messages - this.messages, nowMilliseconds);
    this.messages = messages;
    this.isOpen = false;
  }

  /** The event loop goes on; a thread that stood still is noticed. */
  beat(nowMilliseconds: number): void {
    if (!this.isOpen) this.timer.beat(nowMilliseconds);
  }
}
