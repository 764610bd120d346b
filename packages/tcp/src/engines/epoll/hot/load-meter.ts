/**
 * Whether a worker keeps up: it does while it sleeps now and then. Asked by `EpollServer` in each round; owned by its thread.
 *
 * Example: a worker that has slept 0.7 ms of the last 20 is behind until, 20 ms later, it is looked at again.
 */
const WINDOW_MILLISECONDS = 20;
/** Five per cent: what waiting takes of the time of a worker that never sleeps, and some more. */
const SLEPT_MILLISECONDS_MIN = 1;

export class LoadMeter {
  isBehind = false;
  private windowStart = 0;
  private slept = 0;
  private endedAt = 0;

  /** A round begins: the worker has waited since the last one ended. */
  woke(nowMilliseconds: number): void {
    this.slept += nowMilliseconds - this.endedAt;
  }

  /** The round is over. */
  ended(nowMilliseconds: number): void {
    this.endedAt = nowMilliseconds;
    if (nowMilliseconds - this.windowStart < WINDOW_MILLISECONDS) return;
    this.isBehind = this.slept < SLEPT_MILLISECONDS_MIN;
    this.windowStart = nowMilliseconds;
    this.slept = 0;
  }
}
