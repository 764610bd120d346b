/** What the doctor says of one thing. */

/**
 * `ok`. `note`: good to know. `warning`: works, but not as well as it could. `error`: packets, connections or peers will be lost,
 * or the tracker will not start.
 */
export type FindingGrade = "ok" | "note" | "warning" | "error";

/** One thing that was looked at. */
export interface Finding {
  /** Two or three words: "receive buffer". */
  readonly what: string;
  readonly grade: FindingGrade;
  /** What there is and why it matters, with the numbers. */
  readonly reason: string;
  /** A command or a setting that mends it. */
  readonly remedy?: string;
}
