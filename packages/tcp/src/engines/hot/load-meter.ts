/**
 * Whether a worker keeps up: it does while it sleeps now and then. Asked by `EpollServer` in each round and by `NetServer` with each
 * read; owned by their thread.
 *
 * Example: a worker that has slept 0.7 ms of the last 20 is behind until, 20 ms later, it is looked at again.
 */
const WINDOW_MILLISECONDS = 20;
/** Five per cent: what waiting takes of the time of a worker that never sleeps, and some more. */
const SLEPT_MILLISECONDS_MIN = 1;

export class LoadMeter {
  isBehind = false;
  private windowStart = 0;
  /** When the window began. */
  private sleptBefore = 0;
  private slept = 0;
  private endedAt = 0;

  /** A round begins: the worker has waited since the last one ended. */
  woke(nowMilliseconds: number): void {
    this.slept += nowMilliseconds - this.endedAt;
  }

  /** The round is over. */
  ended(nowMilliseconds: number): void {
    this.endedAt = nowMilliseconds;
    if (this.isDue(nowMilliseconds)) this.look(nowMilliseconds, this.slept);
  }

  /** Whether the window is over, for whoever has to find out first how long the worker has slept. */
  isDue(nowMilliseconds: number): boolean {
    return nowMilliseconds - this.windowStart >= WINDOW_MILLISECONDS;
  }

  /** Ends the window of a worker that has slept so long in all. */
  look(nowMilliseconds: number, sleptMilliseconds: number): void {
    this.isBehind = sleptMilliseconds - this.sleptBefore < SLEPT_MILLISECONDS_MIN;
    this.windowStart = nowMilliseconds;
    this.sleptBefore = sleptMilliseconds;
  }
}
