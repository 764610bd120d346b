/** Counts connections that are refused, and notes them for the log. */
import { type AddressWords, add, type CounterRow, type RefusalWriter } from "@swarmtide/metrics";
import { OVER_ADDRESS_LIMIT, OVER_LIMIT, PROXY_PROTOCOL_ERRORS } from "../counters.ts";
import { LIMIT_TOTAL } from "./hot/connection-limits.ts";

/** Of the worker. */
export interface RefusalCounters {
  readonly counters: CounterRow<"tcp">;
  readonly refusals: RefusalWriter<"tcp">;
}

/** For one that `ConnectionLimits` refused. Returns false: the connection is not admitted. */
export function countRefusal(
  { counters, refusals }: RefusalCounters,
  limit: number,
  peer: AddressWords,
): false {
  const column = limit === LIMIT_TOTAL ? OVER_LIMIT : OVER_ADDRESS_LIMIT;
  add(counters, column);
  refusals.notePeer(column, 0, peer);
  return false;
}

/** For one without a valid PROXY header. Returns false as well. */
export function countProxyError(
  { counters, refusals }: RefusalCounters,
  peer: AddressWords,
): false {
  add(counters, PROXY_PROTOCOL_ERRORS);
  refusals.notePeer(PROXY_PROTOCOL_ERRORS, 0, peer);
  return false;
}
