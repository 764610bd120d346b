/** Counts a connection that `ConnectionLimits` refused. */
import { COUNT_OVER_ADDRESS_LIMIT, COUNT_OVER_LIMIT } from "../counters.ts";
import { LIMIT_TOTAL } from "./hot/connection-limits.ts";

export function countRefusal(counters: Float64Array, limit: number): void {
  counters[limit === LIMIT_TOTAL ? COUNT_OVER_LIMIT : COUNT_OVER_ADDRESS_LIMIT]++;
}
