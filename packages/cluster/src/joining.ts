/**
 * How a node joins: it looks for one that runs and asks it for its swarms; if nobody answers, it is alone. Announces
 * of others are applied meanwhile. Over once, for good: what is missed later is asked for again by `ClusterNode`. Cluster thread.
 */
import { JOINING } from "./counters.ts";
import type { Member } from "./member.ts";
import type { Members } from "./members.ts";
import { AGE_SECONDS_ALL } from "./stream-giver.ts";
import type { StreamTaker } from "./stream-taker.ts";
import type { Surroundings } from "./surroundings.ts";

/** Nobody has answered: the node is alone. */
const ALONE_MILLISECONDS = 2000;
/** After the first answer, others are waited for, so that the one with the most peers is asked. */
const OTHERS_MILLISECONDS = 200;

export class Joining {
  readonly #surroundings: Surroundings;
  readonly #members: Members;
  readonly #taker: StreamTaker;
  readonly #ageSeconds: number;
  readonly #isOver: () => void;
  readonly #tried = new Set<Member>();
  #aloneMilliseconds: number;
  #answeredMilliseconds: number | undefined;
  #state: "looking" | "asking" | "over" = "looking";

  /** `ageSeconds` is the greatest age of peers that are wanted; undefined for all. `isOver` is told the end. */
  constructor(
    surroundings: Surroundings,
    members: Members,
    taker: StreamTaker,
    ageSeconds: number | undefined,
    isOver: () => void,
  ) {
    this.#surroundings = surroundings;
    this.#members = members;
    this.#taker = taker;
    this.#ageSeconds = ageSeconds ?? AGE_SECONDS_ALL;
    this.#isOver = isOver;
    this.#aloneMilliseconds = surroundings.nowMilliseconds() + ALONE_MILLISECONDS;
    surroundings.counters[JOINING] = 1;
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** There is a connection: other nodes can answer from now on. */
  connected(): void {
    if (this.#state === "looking")
      this.#aloneMilliseconds = this.#surroundings.nowMilliseconds() + ALONE_MILLISECONDS;
  }

  /** Called every so often. */
  look(): void {
    if (this.#state !== "looking") return;
    const now = this.#surroundings.nowMilliseconds();
    const best = this.#best();
    if (best !== undefined) {
      this.#answeredMilliseconds ??= now;
      if (now >= this.#answeredMilliseconds + OTHERS_MILLISECONDS) this.#ask(best);
    } else if (this.#tried.size > 0)
      this.#end("no other node could send its swarms; their peers appear as they announce");
    else if (now >= this.#aloneMilliseconds)
      this.#end("found no other node; serving the local swarms");
  }

  /** Of those that can give and were not asked yet, the one that knows the most peers. */
  #best(): Member | undefined {
    let best: Member | undefined;
    for (const member of this.#members.present()) {
      if (member.hello?.canGive !== true || this.#tried.has(member)) continue;
      if (best?.hello === undefined || member.hello.peers > best.hello.peers) best = member;
    }
    return best;
  }

  #ask(member: Member): void {
    this.#state = "asking";
    this.#tried.add(member);
    this.#taker.want(
      member,
      () => this.#ageSeconds,
      true,
      (isWhole) => {
        this.#state = "looking";
        if (isWhole) this.#end(`joined through node ${member.name}`);
      },
    );
  }

  #end(how: string): void {
    this.#state = "over";
    this.#surroundings.counters[JOINING] = 0;
    this.#surroundings.log.info(how);
    this.#isOver();
  }
}
