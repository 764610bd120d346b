/**
 * The other nodes of the cluster: which are present, which have left, whose name was taken by a new process. Learned from every message;
 * owned by `ClusterNode` on the cluster thread.
 *
 * A member is a process: a name with an instance that is drawn when it starts. It is known by both: a node that sends the instance of
 * another under its own name is not taken for that one. A new instance of a name takes the place of the one
 * before at once, as after a restart or a hand-over. Where both go on for half a minute, two nodes have one name: a mistake that
 * the log tells. A member that is silent has gone, but is kept for a while: when it is heard again, its sequences tell what was missed.
 */
import { add } from "@swarmtide/metrics";
import { LOST_NODES, NODES } from "./counters.ts";
import { Member } from "./member.ts";
import type { Sender } from "./messages/message.ts";
import type { Surroundings } from "./surroundings.ts";

/** Processes that are remembered; while all of them are present, further ones are not listened to. */
const MEMBERS_MAX = 256;
/** A node sends a hello every other second. */
const SILENT_MILLISECONDS_MAX = 10_000;
const FORGOTTEN_MILLISECONDS = 600_000;
const TWINS_MILLISECONDS = 30_000;

/** What a server's permissions vouch for stands first: the name. */
const keyOf = ({ name, instance }: Sender): string => `${name} ${instance}`;

/** Told to the channels of the workers. */
export interface MemberListener {
  memberCame(member: Member): void;
  memberWent(number: number): void;
}

export class Members {
  readonly #own: Sender;
  readonly #ownStartMilliseconds: number;
  readonly #surroundings: Surroundings;
  readonly #listener: MemberListener;
  readonly #members = new Map<string, Member>();
  readonly #toldTwins = new Set<string>();
  #lastNumber = 0;

  constructor(own: Sender, surroundings: Surroundings, listener: MemberListener) {
    this.#own = own;
    this.#surroundings = surroundings;
    this.#listener = listener;
    this.#ownStartMilliseconds = surroundings.nowMilliseconds();
  }

  /** Those that are present. */
  *present(): Generator<Member> {
    for (const member of this.#members.values()) if (member.number !== 0) yield member;
  }

  of(number: number): Member | undefined {
    for (const member of this.present()) if (member.number === number) return member;
    return undefined;
  }

  /** The member that a message is of; undefined where there are too many. `isNew` for one that was not known. */
  heard(sender: Sender): { readonly member: Member; readonly isNew: boolean } | undefined {
    const now = this.#surroundings.nowMilliseconds();
    const known = this.#members.get(keyOf(sender));
    if (known !== undefined) {
      known.lastHeardMilliseconds = now;
      if (known.number === 0 && !known.isReplaced) this.#come(known);
      return { member: known, isNew: false };
    }
    if (this.#members.size >= MEMBERS_MAX && !this.#forgetOldest()) {
      add(this.#surroundings.counters, LOST_NODES);
      return undefined;
    }
    const member = new Member(sender, now);
    for (const other of this.#members.values())
      if (other.name === sender.name) {
        other.isReplaced = true;
        this.#go(other);
      }
    this.#members.set(keyOf(sender), member);
    this.#come(member);
    return { member, isNew: true };
  }

  /** It has said that it leaves. */
  left(member: Member): void {
    this.#go(member);
    this.#members.delete(keyOf(member));
  }

  /** Called every so often. */
  look(): void {
    const now = this.#surroundings.nowMilliseconds();
    for (const member of this.#members.values()) {
      const silent = now - member.lastHeardMilliseconds;
      if (silent > SILENT_MILLISECONDS_MAX) this.#go(member);
      if (silent > FORGOTTEN_MILLISECONDS) this.#members.delete(keyOf(member));
      this.#lookForTwin(member);
    }
  }

  /** Whether it goes on after another process of its name, or ours, came. */
  #lookForTwin(member: Member): void {
    const { name, instance } = this.#own;
    if (member.name === name) {
      const since = Math.max(this.#ownStartMilliseconds, member.firstHeardMilliseconds);
      this.#tellTwins(member, since, instance);
      return;
    }
    if (!member.isReplaced) return;
    for (const other of this.#members.values())
      if (other !== member && other.name === member.name && !other.isReplaced)
        if (this.#tellTwins(member, other.firstHeardMilliseconds, other.instance)) {
          member.isReplaced = false;
          this.#come(member);
        }
  }

  #tellTwins(member: Member, sinceMilliseconds: number, otherInstance: string): boolean {
    if (member.lastHeardMilliseconds < sinceMilliseconds + TWINS_MILLISECONDS) return false;
    const twins = [member.instance, otherInstance].sort().join(" and ");
    if (this.#toldTwins.has(twins)) return true;
    if (this.#toldTwins.size < MEMBERS_MAX) this.#toldTwins.add(twins);
    this.#surroundings.log.warn(
      `cluster.name = "${member.name}": two nodes have this name, the processes ${twins}; give each node a name of its own`,
      { code: "SWARMTIDE_CLUSTER_NAME" },
    );
    return true;
  }

  #come(member: Member): void {
    if (member.number !== 0) return;
    this.#lastNumber++;
    member.number = this.#lastNumber;
    add(this.#surroundings.counters, NODES);
    this.#surroundings.log.info(`node ${member.name} joined`, {
      instance: member.instance,
    });
    this.#listener.memberCame(member);
  }

  #go(member: Member): void {
    const { number } = member;
    if (number === 0) return;
    member.number = 0;
    add(this.#surroundings.counters, NODES, -1);
    this.#surroundings.log.info(`node ${member.name} left`, {
      instance: member.instance,
    });
    this.#listener.memberWent(number);
  }

  #forgetOldest(): boolean {
    for (const member of this.#members.values())
      if (member.number === 0) return this.#members.delete(keyOf(member));
    return false;
  }
}
