/** What a tracker says of the time it stood still, in its log: for so long it keeps peers on top of their age. */
import type { TrackerProcess } from "../tracker-process.ts";

const LINE = /stood still for (\d+) s/g;

export class SaidStandstills {
  readonly #tracker: Pick<TrackerProcess, "output">;
  readonly #keptSeconds: number;
  readonly #said: { readonly atSeconds: number; readonly lostSeconds: number }[] = [];
  #read = 0;

  /** A standstill counts until `keptSeconds` after it was said. */
  constructor(tracker: Pick<TrackerProcess, "output">, keptSeconds: number) {
    this.#tracker = tracker;
    this.#keptSeconds = keptSeconds;
  }

  /** Seconds that peers are kept longer now. */
  creditSeconds(nowSeconds: number): number {
    const { output } = this.#tracker;
    for (const [, lost] of output.slice(this.#read).matchAll(LINE))
      this.#said.push({ atSeconds: nowSeconds, lostSeconds: Number(lost) });
    this.#read = output.lastIndexOf("\n") + 1;
    return this.#said
      .filter(({ atSeconds }) => nowSeconds - atSeconds <= this.#keptSeconds)
      .reduce((sum, { lostSeconds }) => sum + lostSeconds, 0);
  }
}
