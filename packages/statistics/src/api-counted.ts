/** How `GET /api/stats` tells what is counted. See api-shape.ts. */
/** Averages over the last second, ten seconds and minute; over the time since the start where that is shorter. */
export interface Rates {
  readonly second: number;
  readonly tenSeconds: number;
  readonly minute: number;
}

/** Something counted: since the start, and how fast now. */
export interface Counted {
  readonly total: number;
  readonly perSecond: Rates;
}
