/** Counts a connection that `ConnectionLimits` refused. */
import { add, type CounterRow } from "@swarmtide/metrics";
import { OVER_ADDRESS_LIMIT, OVER_LIMIT } from "../counters.ts";
import { LIMIT_TOTAL } from "./hot/connection-limits.ts";

/** Returns false: the connection is not admitted. */
export function countRefusal(counters: CounterRow<"tcp">, limit: number): false {
  add(counters, limit === LIMIT_TOTAL ? OVER_LIMIT : OVER_ADDRESS_LIMIT);
  return false;
}
