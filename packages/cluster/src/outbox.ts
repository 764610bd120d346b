/** What a node sends: messages with its name, its instance and the numbers of their series. Owned by `ClusterNode`. */
import { add } from "@swarmtide/metrics";
import { BYTES_OUT, DROPPED_OUTBOUND, MESSAGES_OUT, RECORDS_OUT } from "./counters.ts";
import { type Member, nextSequence } from "./member.ts";
import { KIND_BYE, KIND_CHANNEL, KIND_RECORDS } from "./messages/layout.ts";
import {
  beginMessage,
  encodeDirected,
  encodeHello,
  type Head,
  type Hello,
  type Sender,
} from "./messages/message.ts";
import type { RecordsWriter } from "./messages/records.ts";
import type { Subjects } from "./subjects.ts";
import type { Surroundings } from "./surroundings.ts";

export class Outbox {
  readonly #surroundings: Surroundings;
  readonly #own: Sender;
  readonly #subjects: Subjects;
  #recordsSequence = 0;
  #channelSequence = 0;

  constructor(surroundings: Surroundings, own: Sender, subjects: Subjects) {
    this.#surroundings = surroundings;
    this.#own = own;
    this.#subjects = subjects;
  }

  /** All records of the writer. One that is lost takes a number, too, so that others miss it. */
  records(writer: RecordsWriter): void {
    const { counters } = this.#surroundings;
    const { count } = writer;
    this.#recordsSequence = nextSequence(this.#recordsSequence);
    const bytes = writer.take(this.#head(KIND_RECORDS, this.#recordsSequence));
    if (this.#publish(this.#subjects.records, bytes)) add(counters, RECORDS_OUT, count);
    else add(counters, DROPPED_OUTBOUND, count);
  }

  hello(hello: Omit<Hello, "recordsSequence" | "channelSequence">): void {
    const recordsSequence = this.#recordsSequence;
    const channelSequence = this.#channelSequence;
    const head = { ...this.#sender(), sequence: 0 };
    const bytes = encodeHello(head, { ...hello, recordsSequence, channelSequence });
    this.#publish(this.#subjects.records, bytes);
  }

  bye(): void {
    this.#publish(this.#subjects.records, beginMessage(this.#head(KIND_BYE, 0), 0).bytes);
  }

  /** Of a stream. False where it is lost. */
  stream(
    kind: number,
    { name, instance }: Sender,
    stream: number,
    second: number,
    rest?: Uint8Array,
  ): boolean {
    const directed = { to: instance, first: stream, second };
    const bytes = encodeDirected(this.#head(kind, 0), directed, rest);
    return this.#publish(this.#subjects.to(name), bytes);
  }

  channelToAll(lane: number, rest: Uint8Array): boolean {
    this.#channelSequence = nextSequence(this.#channelSequence);
    const head = this.#head(KIND_CHANNEL, this.#channelSequence);
    const bytes = encodeDirected(head, { to: undefined, first: lane, second: 0 }, rest);
    return this.#publish(this.#subjects.channel, bytes);
  }

  channelTo(member: Member, lane: number, rest: Uint8Array): boolean {
    const head = this.#head(KIND_CHANNEL, member.nextChannelSequence());
    const bytes = encodeDirected(head, { to: member.instance, first: lane, second: 0 }, rest);
    return this.#publish(this.#subjects.channelTo(member.name), bytes);
  }

  #publish(subject: string, bytes: Uint8Array): boolean {
    const { bus, counters } = this.#surroundings;
    const { length } = bytes;
    if (!bus.publish(subject, bytes)) return false;
    add(counters, MESSAGES_OUT);
    add(counters, BYTES_OUT, length);
    return true;
  }

  #head(kind: number, sequence: number): Head {
    return { ...this.#sender(), kind, sequence };
  }

  #sender() {
    return { ...this.#own, sentAtMilliseconds: this.#surroundings.timeMilliseconds() };
  }
}
