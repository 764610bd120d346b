/** The time that a request has as a whole, and the stopwatch of its steps. One for each request. */
import { ClientError } from "./client-error.ts";
import { type RequestOptions, TIMEOUT_MILLISECONDS_DEFAULT } from "./requests.ts";
import type { TrackerUrl } from "./tracker-url.ts";

/** Where a request waits while it waits. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #what: string;
  readonly #timeoutMilliseconds: number;
  #stepStarted = performance.now();

  /** `what` names the tracker in the error. */
  constructor(what: string, timeoutMilliseconds: number) {
    this.#what = what;
    this.#timeoutMilliseconds = timeoutMilliseconds;
    this.signal = AbortSignal.timeout(timeoutMilliseconds);
  }

  /** Milliseconds since the last call, or since the request began. */
  step(): number {
    const now = performance.now();
    const milliseconds = now - this.#stepStarted;
    this.#stepStarted = now;
    return milliseconds;
  }

  /** The error of a request whose time is over. */
  error(waitedFor: string): ClientError {
    const seconds = this.#timeoutMilliseconds / 1000;
    return new ClientError(
      "timeout",
      `${this.#what}: ${waitedFor} did not come within ${seconds} s`,
    );
  }
}

/** The deadline of a request that begins now. */
export function openDeadline(url: TrackerUrl, options: RequestOptions): Deadline {
  return new Deadline(url.href, options.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS_DEFAULT);
}
