/** What the checks of a tracker found: graded, in order, told as it comes. Filled by `checkTracker` and its parts. */

/** `ok`; `warning`: works, but clients or lists of trackers may mind; `error`: does not work. */
export type FindingGrade = "ok" | "warning" | "error";

/** What one check found. */
export interface Finding {
  readonly family: 4 | 6;
  /** What was looked at, in two or three words. */
  readonly check: string;
  readonly grade: FindingGrade;
  /** A sentence with the figures. */
  readonly detail: string;
}

/** Collects the findings of one family. */
export class Findings {
  readonly all: Finding[] = [];
  readonly family: 4 | 6;
  readonly #onFinding: ((finding: Finding) => void) | undefined;

  constructor(family: 4 | 6, onFinding: ((finding: Finding) => void) | undefined) {
    this.family = family;
    this.#onFinding = onFinding;
  }

  add(check: string, grade: FindingGrade, detail: string): void {
    const finding = { family: this.family, check, grade, detail };
    this.all.push(finding);
    this.#onFinding?.(finding);
  }

  /** Adds `ok` or what else holds. */
  judge(check: string, isGood: boolean, otherwise: FindingGrade, detail: string): void {
    this.add(check, isGood ? "ok" : otherwise, detail);
  }
}
