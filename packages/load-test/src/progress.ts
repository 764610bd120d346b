/**
 * Progress of a load while it runs. On a terminal one line that changes each second; elsewhere a plain line every five
 * seconds, or with --json each second an object with the counts so far. Called by run-load-test.ts.
 */
import { progressLine } from "./report.ts";
import type { Tally } from "./tally.ts";

const LIVE_MILLISECONDS = 1000;
const PLAIN_MILLISECONDS = 5000;
/** To the start of the line, and erase to its end (ECMA-48). */
const REWRITE = "\r\u001b[K";

export interface ProgressOptions {
  /** Objects instead of lines, where no person reads them. */
  readonly isJson: boolean;
  readonly isTerminal: boolean;
  readonly complain: (text: string) => void;
}

/** Shows progress until the function that it returns is called. */
export function showProgress(
  tally: Tally,
  { isJson, isTerminal, complain }: ProgressOptions,
): () => void {
  const startMilliseconds = performance.now();
  let before = tally.counts();
  let beforeMilliseconds = startMilliseconds;
  const show = (): void => {
    const now = tally.counts();
    const nowMilliseconds = performance.now();
    const seconds = (nowMilliseconds - beforeMilliseconds) / 1000;
    if (isTerminal) complain(`${REWRITE}${progressLine(before, now, seconds)}`);
    else if (isJson) {
      const sinceStart = (nowMilliseconds - startMilliseconds) / 1000;
      complain(`${JSON.stringify({ seconds: sinceStart, counts: now })}\n`);
    } else complain(`${progressLine(before, now, seconds)}\n`);
    before = now;
    beforeMilliseconds = nowMilliseconds;
  };
  const isPlain = !isTerminal && !isJson;
  const timer = setInterval(show, isPlain ? PLAIN_MILLISECONDS : LIVE_MILLISECONDS);
  return () => {
    clearInterval(timer);
    if (isTerminal) complain(REWRITE);
  };
}
