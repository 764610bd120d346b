/**
 * The NATS subjects of a cluster. Those that a node publishes end with its name and those that it alone reads have its name in front of
 * that, so that a server can allow each node to speak for itself only (docs/cluster.md). Pure.
 *
 * | subject                       | carries                                                           |
 * |-------------------------------|-------------------------------------------------------------------|
 * | SUBJECT.v1.records.FROM       | announces, and that a node runs or leaves, to all                  |
 * | SUBJECT.v1.to.NODE.FROM       | streams of swarms, to one                                          |
 * | SUBJECT.v1.ws.all.FROM        | messages of WebTorrent, to all                                     |
 * | SUBJECT.v1.ws.to.NODE.FROM    | the same to one                                                    |
 *
 * Example: node fra-1 asks node ams-1 for its swarms with a message to `swarmtide.v1.to.ams-1.fra-1`.
 */

/** Which of the four kinds of subject a message came by. */
export type Way = "records" | "to" | "ws.all" | "ws.to";

export interface Subscription {
  readonly way: Way;
  readonly subject: string;
}

export class Subjects {
  readonly #root: string;
  readonly #name: string;

  /** `subject` as configured. */
  constructor(subject: string, name: string) {
    this.#root = `${subject}.v1`;
    this.#name = name;
  }

  get records(): string {
    return `${this.#root}.records.${this.#name}`;
  }

  get channel(): string {
    return `${this.#root}.ws.all.${this.#name}`;
  }

  to(node: string): string {
    return `${this.#root}.to.${node}.${this.#name}`;
  }

  channelTo(node: string): string {
    return `${this.#root}.ws.to.${node}.${this.#name}`;
  }

  /** What this node reads. */
  get subscriptions(): readonly Subscription[] {
    const root = this.#root;
    return [
      { way: "records", subject: `${root}.records.*` },
      { way: "to", subject: `${root}.to.${this.#name}.*` },
      { way: "ws.all", subject: `${root}.ws.all.*` },
      { way: "ws.to", subject: `${root}.ws.to.${this.#name}.*` },
    ];
  }
}

/** The node that a subject names as the sender: its last part. */
export const senderOf = (subject: string): string => subject.slice(subject.lastIndexOf(".") + 1);
