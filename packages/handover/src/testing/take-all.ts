/** The steps of a process that takes over, one behind the other, for tests that give it a stream. */
import type { SwarmStore } from "@swarmtide/swarm";
import { FrameChannel, type Transport } from "../frame-channel.ts";
import { type ReceivedSwarms, Taker } from "../taker.ts";

/** Takes over into a store, to the end. Rejects where a step fails. */
export async function takeAll(transport: Transport, store: SwarmStore): Promise<ReceivedSwarms> {
  const channel = new FrameChannel(transport);
  try {
    const facts = { "udp.engine": "mmsg" };
    const taker = await Taker.greet(channel, { version: "1.2.4", facts });
    const received = await taker.receiveSwarms({
      ...{ store, peerAgeSecondsMax: 1200, keepCompletedSeconds: 86_400, accessList: undefined },
    });
    await taker.go(Promise.resolve());
    await taker.serve();
    await taker.follow();
    return received;
  } finally {
    channel.close();
  }
}
