/**
 * The lock of a shard: one int32 in shared memory. Called by every thread that touches a shard.
 *
 * 0 free, 1 held, 2 held and at least one thread sleeps on it (the futex mutex of Drepper, "Futexes Are Tricky").
 * A shard is held for well under a microsecond, so a thread spins before it sleeps. Uncontended: two atomic
 * operations, about 12 ns a pair.
 */

/** Spins before sleeping: about 2 µs, several times what an announce holds a shard. */
const SPIN_ROUNDS = 200;

export function lock(words: Int32Array, at: number): void {
  if (Atomics.compareExchange(words, at, 0, 1) !== 0) lockContended(words, at);
}

function lockContended(words: Int32Array, at: number): void {
  for (let round = 0; round < SPIN_ROUNDS; round++) {
    if (Atomics.load(words, at) === 0 && Atomics.compareExchange(words, at, 0, 1) === 0) return;
  }
  while (Atomics.exchange(words, at, 2) !== 0) Atomics.wait(words, at, 2);
}

export function unlock(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, 0) === 2) Atomics.notify(words, at, 1);
}
