/**
 * A clock that only the test moves. Pass `nowSeconds` or `nowMilliseconds` wherever code takes its clock as an option:
 * both are bound, show one time and never move by themselves.
 */
export class FakeClock {
  #milliseconds: number;

  constructor(startSeconds = 0) {
    this.#milliseconds = startSeconds * 1000;
  }

  readonly nowMilliseconds = (): number => this.#milliseconds;

  readonly nowSeconds = (): number => Math.floor(this.#milliseconds / 1000);

  advanceMilliseconds(milliseconds: number): void {
    if (!(milliseconds >= 0))
      throw new RangeError(`a clock cannot go back, asked for ${milliseconds} ms`);
    this.#milliseconds += milliseconds;
  }

  advanceSeconds(seconds: number): void {
    this.advanceMilliseconds(seconds * 1000);
  }
}
