/** What something costs, from pairs of measurements with and without it. Called by benchmarks. */

/** Student's t, two-sided 95 %, for 30 pairs; with fewer the bound is only a smoke test. */
const STUDENT_T = 2.045;

export interface MeanAndBound {
  readonly mean: number;
  /** The upper end of the mean's 95 % confidence interval. */
  readonly upperBound: number;
}

/** The mean of one number of each pair, such as the difference or the ratio of its two sides. */
export function meanAndBound(ofPairs: readonly number[]): MeanAndBound {
  const pairs = ofPairs.length;
  const mean = ofPairs.reduce((sum, one) => sum + one, 0) / pairs;
  const squares = ofPairs.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const variance = squares / Math.max(1, pairs - 1);
  return { mean, upperBound: mean + STUDENT_T * Math.sqrt(variance / pairs) };
}
