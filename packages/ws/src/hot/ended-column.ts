/** How ends of connections are counted. Called by the tracker of each worker. */
import * as protocol from "@swarmtide/ws-protocol";
import * as columns from "../counters.ts";

/** Where a connection is counted that is ended for what its reader found. */
export function endedColumn(failure: number): typeof columns.ENDED_PROTOCOL {
  if (failure === protocol.FRAME_ERROR_TOO_LONG) return columns.ENDED_TOO_LONG;
  if (failure === protocol.FRAME_ERROR_NO_ROOM) return columns.ENDED_NO_ROOM;
  return columns.ENDED_PROTOCOL;
}
