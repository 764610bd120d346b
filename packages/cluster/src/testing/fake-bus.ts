/**
 * A NATS server inside a test: what a node publishes waits until the test delivers it, in its order for each pair of nodes. Nodes can be
 * cut off from it; messages to those are lost, as NATS core loses them.
 */
import { type Subjects, senderOf, type Way } from "../subjects.ts";
import type { Bus } from "../surroundings.ts";

export interface BusMember {
  readonly subjects: Subjects;
  receive(way: Way, subject: string, bytes: Uint8Array): void;
}

interface Sent {
  readonly from: FakeConnection;
  readonly subject: string;
  readonly bytes: Uint8Array;
}

export class FakeBroker {
  readonly #connections = new Set<FakeConnection>();
  #waiting: Sent[] = [];
  /** Given the subject and the bytes; true loses the message on its way to everybody. */
  loses: (subject: string) => boolean = () => false;

  connect(): FakeConnection {
    const connection = new FakeConnection((sent) => this.#waiting.push(sent));
    this.#connections.add(connection);
    return connection;
  }

  /** Somebody else publishes, who is no node. */
  inject(subject: string, bytes: Uint8Array): void {
    this.#waiting.push({ from: new FakeConnection(() => {}), subject, bytes });
  }

  /** Hands over what was published up to now and what that leads to. Returns how many messages. */
  deliver(): number {
    let delivered = 0;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const { from, subject, bytes } of waiting) {
        if (this.loses(subject)) continue;
        for (const connection of this.#connections)
          if (connection !== from && connection.take(subject, bytes)) delivered++;
      }
    }
    return delivered;
  }
}

export class FakeConnection implements Bus {
  isUp = true;
  member: BusMember | undefined;
  readonly #send: (sent: Sent) => void;

  constructor(send: (sent: Sent) => void) {
    this.#send = send;
  }

  publish(subject: string, bytes: Uint8Array): boolean {
    if (!this.isUp) return false;
    this.#send({ from: this, subject, bytes });
    return true;
  }

  /** Whether the member has subscribed to it. */
  take(subject: string, bytes: Uint8Array): boolean {
    const { member } = this;
    if (!this.isUp || member === undefined) return false;
    for (const { way, subject: wanted } of member.subjects.subscriptions) {
      const stem = wanted.slice(0, -1);
      if (!subject.startsWith(stem) || subject.slice(stem.length) !== senderOf(subject)) continue;
      // As NATS hands it out: a part of what was read from a socket.
      const read = Buffer.from(new ArrayBuffer(bytes.length + 16), 8, bytes.length);
      read.set(bytes);
      member.receive(way, subject, read);
      return true;
    }
    return false;
  }
}
