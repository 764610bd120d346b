/**
 * The interval that an announce reply asks for: the configured one, give or take a tenth, so that clients which started
 * together spread. The one rule for UDP, HTTP and WebTorrent; each worker has its own and asks it per reply.
 *
 * The random numbers come from a 32-bit xorshift (Marsaglia 2003): nothing secret depends on them.
 */

/** The share of the interval by which a reply may differ from it, either way. */
export const INTERVAL_JITTER = 0.1;

/** Any state but zero goes round all 2^32 - 1 of them. */
const STATE_IF_ZERO = 0x2545f491;

export class AnnounceInterval {
  private shortestSeconds = 0;
  private spreadSeconds = 1;
  private readonly jitter: number;
  private state: number;

  /** `seed` is a random word; equal seeds give equal sequences. A `jitter` of 0 always gives `seconds`, for tests. */
  constructor(seconds: number, seed: number, jitter: number = INTERVAL_JITTER) {
    this.jitter = jitter;
    this.state = seed | 0 || STATE_IF_ZERO;
    this.change(seconds);
  }

  /** Takes another interval into use, on a reload. */
  change(seconds: number): void {
    const share = Math.floor(seconds * this.jitter);
    this.shortestSeconds = seconds - share;
    this.spreadSeconds = 2 * share + 1;
  }

  /** The seconds for the next reply, from nine to eleven tenths of the interval. */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return this.shortestSeconds + ((x >>> 0) % this.spreadSeconds);
  }
}
