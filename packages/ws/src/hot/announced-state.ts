/** What an announce says of its peer: pure functions over the request, asked by the swarms and by the limits. */
import { EVENT_NONE } from "@swarmtide/bittorrent";
import { ANNOUNCE_COMPLETED, ANNOUNCE_SEEDER, announceFlags, LEFT_UNKNOWN } from "@swarmtide/swarm";
import * as protocol from "@swarmtide/ws-protocol";

/** Whether a peer is a seeder after an announce; where the message does not say it stays what it was. */
export function seedsAfter(request: protocol.RequestRecord, wasSeeder: boolean): boolean {
  const flags = announceFlags(request.event, leftOf(request));
  if ((flags & ANNOUNCE_SEEDER) !== 0) return true;
  return wasSeeder && request.left === protocol.LEFT_UNKNOWN;
}

/** Whether it tells of a download that is complete now. */
export function completes(request: protocol.RequestRecord): boolean {
  return (announceFlags(request.event, leftOf(request)) & ANNOUNCE_COMPLETED) !== 0;
}

/** Whether an announce brings an answer and asks for nothing. */
export function isLoneAnswer(request: protocol.RequestRecord): boolean {
  return request.hasAnswer && request.offers === 0 && request.event === EVENT_NONE;
}

/** `left` as `announceFlags` takes it: only its sign counts. */
function leftOf(request: protocol.RequestRecord): number {
  if (request.left === protocol.LEFT_UNKNOWN) return LEFT_UNKNOWN;
  return request.left === protocol.LEFT_NOTHING ? 0 : 1;
}
