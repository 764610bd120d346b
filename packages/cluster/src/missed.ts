/**
 * What a node has missed of others: where messages of one did not come, it is asked for the peers that it has heard of since then,
 * after a pause of chance. So nobody keeps anything for a node that is away. Owned by `ClusterNode`.
 */
import { add } from "@swarmtide/metrics";
import { LOST_GAPS } from "./counters.ts";
import type { Member } from "./member.ts";
import type { StreamTaker } from "./stream-taker.ts";
import type { Surroundings } from "./surroundings.ts";

/** So much further back a stream reaches: for announces that were gathered, clocks of four seconds, and the way. */
const SECONDS_EXTRA = 10;

export class Missed {
  readonly #surroundings: Surroundings;
  readonly #taker: StreamTaker;
  readonly #isJoining: () => boolean;

  constructor(surroundings: Surroundings, taker: StreamTaker, isJoining: () => boolean) {
    this.#surroundings = surroundings;
    this.#taker = taker;
    this.#isJoining = isJoining;
  }

  /** So many messages of this member are missing; what is missed while a node joins is asked for afterwards. */
  note(member: Member, messages: number): void {
    if (messages === 0) return;
    add(this.#surroundings.counters, LOST_GAPS, messages);
    if (!this.#isJoining()) this.want(member);
  }

  /** The first hello of a member. One that can give already has run without this node: all of its time was missed. */
  noteFirst(member: Member): void {
    const { hello } = member;
    if (hello === undefined || this.#isJoining() || !hello.canGive) return;
    const now = this.#surroundings.nowMilliseconds();
    member.missingSinceMilliseconds = now - hello.upSeconds * 1000;
    this.want(member);
  }

  /** Asks a member for what is missing of it. */
  want(member: Member): void {
    if (member.missingSinceMilliseconds === undefined || this.#taker.isWanted(member)) return;
    let asked: number | undefined;
    const ageSeconds = () => {
      const now = this.#surroundings.nowMilliseconds();
      asked = Math.min(member.missingSinceMilliseconds ?? now, asked ?? now);
      member.missingSinceMilliseconds = undefined;
      return (now - asked) / 1000 + SECONDS_EXTRA;
    };
    this.#taker.want(member, ageSeconds, false, (isWhole) => {
      if (isWhole) this.want(member);
      else if (asked !== undefined)
        member.missingSinceMilliseconds = Math.min(asked, member.missingSinceMilliseconds ?? asked);
    });
  }
}
