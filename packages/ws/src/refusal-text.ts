/** What the detail of a refusal says (see RefusalWriter): the failure reason that the client got. Main thread. */
import { failureReasonOf } from "@swarmtide/ws-protocol";

/** Undefined where the counter says all there is. */
export function describeWsRefusal(detail: number): string | undefined {
  const reason = failureReasonOf(detail);
  return reason && Buffer.from(reason).toString("latin1");
}
