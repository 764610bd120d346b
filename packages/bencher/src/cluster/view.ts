/** A store of the simulation (simulation.ts). */

const NEVER = Number.NEGATIVE_INFINITY;

/** What a store knows of the peers that are followed: when each announced last. */
export class View {
  readonly #announced = new Map<number, number>();
  readonly #stopped = new Map<number, number>();

  apply(peer: number, seconds: number, isStop: boolean): void {
    if (seconds < (this.#announced.get(peer) ?? NEVER)) return;
    if (seconds < (this.#stopped.get(peer) ?? NEVER)) return;
    if (isStop) {
      this.#announced.delete(peer);
      this.#stopped.set(peer, seconds);
    } else this.#announced.set(peer, seconds);
  }

  has(peer: number): boolean {
    return this.#announced.has(peer);
  }

  clean(oldestSeconds: number): void {
    for (const [peer, seconds] of this.#announced)
      if (seconds < oldestSeconds) this.#announced.delete(peer);
  }

  peers(): Iterable<number> {
    return this.#announced.keys();
  }

  get size(): number {
    return this.#announced.size;
  }
}

/** Of the peers that a store has, those that are not there any more. */
export function goneShare(view: View, alive: ReadonlyMap<number, unknown>): number {
  let gone = 0;
  for (const peer of view.peers()) if (!alive.has(peer)) gone++;
  return gone / Math.max(1, view.size);
}
