/**
 * Waits for something that happens outside the test's control: another thread, a process, the kernel. A test that waits
 * for a span of time instead is slow on a fast machine and wrong on a slow one.
 */
import { setTimeout as wait } from "node:timers/promises";

/**
 * Generous: it ends a test that would hang, and must not end one on a busy machine. Less than the timeout of most tests (60
 * s), so that it is this error which is seen.
 */
const UNTIL_DEADLINE_MILLISECONDS = 40_000;

const PROBE_INTERVAL_MILLISECONDS = 5;

/**
 * Resolves with the first truthy value of `probe`. Fails after the deadline with `what` was waited for ("the worker is
 * ready"), what the probe returned last, and what it last threw: an assertion inside the probe counts as "not yet".
 */
export async function until<Value>(
  what: string,
  probe: () => Value | Promise<Value>,
  deadlineMilliseconds = UNTIL_DEADLINE_MILLISECONDS,
): Promise<Value> {
  const deadline = performance.now() + deadlineMilliseconds;
  for (;;) {
    let last: unknown;
    let failure: unknown;
    try {
      const value = await probe();
      if (value) return value;
      last = value;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) throw lateError(what, deadlineMilliseconds, last, failure);
    await wait(PROBE_INTERVAL_MILLISECONDS);
  }
}

/** What `promise` is fulfilled with. Fails after the deadline with `what` was waited for ("the connection has ended"). */
export async function within<Value>(
  what: string,
  promise: Promise<Value>,
  deadlineMilliseconds = UNTIL_DEADLINE_MILLISECONDS,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`waited ${deadlineMilliseconds} ms until ${what}`));
    timer = setTimeout(fail, deadlineMilliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lateError(what: string, milliseconds: number, last: unknown, failure: unknown): Error {
  const seen =
    failure instanceof Error ? `it last failed with "${failure.message}"` : `last saw ${last}`;
  return new Error(`waited ${milliseconds} ms until ${what}; ${seen}`, { cause: failure });
}
