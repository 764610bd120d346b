/**
 * One node of the cluster: what it sends, and what it does with messages of others. Owned by the cluster thread, which gives it the
 * messages that come and calls `look` every few milliseconds; a model test runs several over a bus of its own, without NATS.
 *
 * Each message of records has a number. Where one is missing, or was never sent because NATS was away, the receiver asks the sender
 * for the peers of that time; so nothing has to be kept for others, however long they are away.
 */
import { add } from "@swarmtide/metrics";
import { ALL_NODES, type NodeChannelHandle } from "@swarmtide/runtime";
import type { InfoHashFilter, SwarmStore } from "@swarmtide/swarm";
import type { AnnounceSink, AnnounceSource } from "./announces.ts";
import { Channel } from "./channel.ts";
import {
  BYTES_IN,
  DROPPED_RING,
  LAG,
  LOST_MALFORMED,
  LOST_VERSION,
  MESSAGES_IN,
  RECORDS_IN,
} from "./counters.ts";
import { Joining } from "./joining.ts";
import type { Member } from "./member.ts";
import { Members } from "./members.ts";
import {
  KIND_ASK,
  KIND_BYE,
  KIND_CHANNEL,
  KIND_HELLO,
  KIND_PART,
  KIND_RECORDS,
  KIND_REFUSED,
  KIND_TAKEN,
} from "./messages/layout.ts";
import { MessageReader, REFUSED_VERSION, type Sender } from "./messages/message.ts";
import { RecordsReader, RecordsWriter } from "./messages/records.ts";
import { Missed } from "./missed.ts";
import { Outbox } from "./outbox.ts";
import { StreamGiver } from "./stream-giver.ts";
import { StreamTaker } from "./stream-taker.ts";
import { type Subjects, senderOf, type Way } from "./subjects.ts";
import type { Surroundings } from "./surroundings.ts";

/** Announces wait so long at most until their message is full. */
const GATHER_MILLISECONDS = 100;
/** Messages of records that are sent at once; others have their turn then. */
const MESSAGES_AT_ONCE = 32;
const HELLO_MILLISECONDS = 2000;
/** A new node is greeted by all within this time. */
const GREETING_MILLISECONDS = 100;
const LAG_MILLISECONDS = 1000;

export interface NodeOptions extends Surroundings {
  readonly own: Sender;
  readonly subjects: Subjects;
  readonly store: SwarmStore;
  /** The store's clock. */
  readonly nowSeconds: () => number;
  readonly source: AnnounceSource;
  readonly sink: AnnounceSink;
  readonly channels: readonly NodeChannelHandle[];
  readonly peerAgeSecondsMax: () => number;
  readonly keepCompletedSeconds: () => number;
  readonly accessList: () => InfoHashFilter | undefined;
  /** Peers that this node knows. */
  readonly peers: () => number;
  /** The greatest age of peers to join with, where a process before this one has given the others; undefined for all. */
  readonly joinAgeSeconds: number | undefined;
}

export class ClusterNode {
  readonly #options: NodeOptions;
  readonly #outbox: Outbox;
  readonly #members: Members;
  readonly #giver: StreamGiver;
  readonly #taker: StreamTaker;
  readonly #missed: Missed;
  readonly #joining: Joining;
  readonly #channel: Channel;
  readonly #message = new MessageReader();
  readonly #records = new RecordsReader();
  readonly #writer = new RecordsWriter();
  readonly #startMilliseconds: number;
  readonly #toldVersions = new Set<number>();
  #gatheredMilliseconds: number;
  #helloDueMilliseconds = 0;
  #lagSeconds = 0;
  #lagDueMilliseconds = 0;

  constructor(options: NodeOptions) {
    this.#options = options;
    const { own, counters, channels, subjects } = options;
    this.#outbox = new Outbox(options, own, subjects);
    this.#startMilliseconds = options.nowMilliseconds();
    this.#gatheredMilliseconds = this.#startMilliseconds;
    this.#channel = new Channel(channels, counters, (node, lane, bytes) =>
      this.#sendToChannels(node, lane, bytes),
    );
    this.#members = new Members(own, options, this.#channel);
    const send = this.#outbox.stream.bind(this.#outbox);
    this.#giver = new StreamGiver({ ...options, send });
    this.#taker = new StreamTaker({ ...options, send });
    this.#missed = new Missed(options, this.#taker, () => this.isJoining);
    this.#joining = new Joining(
      ...([options, this.#members, this.#taker, options.joinAgeSeconds] as const),
      () => this.#joined(),
    );
  }

  /** Whether swarms of others are still to come. */
  get isJoining(): boolean {
    return !this.#joining.isOver;
  }

  /** Messages reach others, and theirs this node. */
  connected(): void {
    this.#joining.connected();
    this.#helloDueMilliseconds = 0;
    this.look();
  }

  /** Called every few milliseconds. */
  look(): void {
    const now = this.#options.nowMilliseconds();
    this.#members.look();
    this.#joining.look();
    this.#taker.look();
    this.#giver.work();
    this.#channel.look();
    this.#sendAnnounces(now);
    if (now >= this.#helloDueMilliseconds) this.#sendHello(now);
    if (now < this.#lagDueMilliseconds) return;
    this.#options.counters[LAG] = this.#lagSeconds;
    this.#lagSeconds = 0;
    this.#lagDueMilliseconds = now + LAG_MILLISECONDS;
  }

  /** Sends what is left and says that this node goes. */
  leave(): void {
    this.#gatheredMilliseconds = 0;
    this.#sendAnnounces(this.#options.nowMilliseconds());
    this.#outbox.bye();
    this.#channel.close();
  }

  /** A message has come by this subject. */
  receive(way: Way, subject: string, bytes: Uint8Array): void {
    const { counters, own } = this.#options;
    const message = this.#message;
    add(counters, MESSAGES_IN);
    add(counters, BYTES_IN, bytes.length);
    const refusal = message.open(bytes);
    if (refusal === REFUSED_VERSION) {
      this.#refuseVersion(subject);
      return;
    }
    // A server's permissions hold for subjects: who sends by one is who it says.
    if (refusal !== 0 || message.name !== senderOf(subject)) {
      add(counters, LOST_MALFORMED);
      return;
    }
    if (message.instance === own.instance) return;
    const heard = this.#members.heard(message);
    if (heard === undefined) return;
    const { member, isNew } = heard;
    if (isNew)
      this.#helloDueMilliseconds = Math.min(
        this.#helloDueMilliseconds,
        this.#options.nowMilliseconds() + GREETING_MILLISECONDS * this.#options.random(),
      );
    const isTaken = this.#take(way, message.kind, member);
    if (!isTaken) add(counters, LOST_MALFORMED);
  }

  /** False for a kind that does not belong to this way. */
  #take(way: Way, kind: number, member: Member): boolean {
    switch (way) {
      case "records":
        if (kind === KIND_RECORDS) this.#takeRecords(member);
        else if (kind === KIND_HELLO) this.#takeHello(member);
        else if (kind === KIND_BYE) this.#members.left(member);
        else return false;
        return true;
      case "to":
        return this.#takeDirected(kind, member);
      case "ws.all":
      case "ws.to":
        if (kind !== KIND_CHANNEL) return false;
        this.#takeChannel(way, member);
        return true;
    }
  }

  #takeRecords(member: Member): void {
    const { counters, sink, nowMilliseconds, timeMilliseconds } = this.#options;
    const message = this.#message;
    const now = nowMilliseconds();
    const lag = member.lagOf(message.sentAtMilliseconds, timeMilliseconds(), now);
    this.#lagSeconds = Math.max(this.#lagSeconds, lag / 1000);
    this.#missed.note(member, member.noteRecords(message.sequence, now));
    this.#records.open(message);
    add(counters, RECORDS_IN, this.#records.count);
    sink.apply(this.#records);
  }

  #takeHello(member: Member): void {
    const { hello } = this.#message;
    const isFirst = member.hello === undefined;
    const now = this.#options.nowMilliseconds();
    this.#missed.note(member, member.noteHello(hello, now));
    if (member.noteChannelHello(hello.channelSequence)) this.#channel.lost(member.number);
    if (isFirst) this.#missed.noteFirst(member);
  }

  #takeDirected(kind: number, member: Member): boolean {
    if (kind < KIND_ASK || kind > KIND_TAKEN) return false;
    const { directed, rest } = this.#message;
    const { to, first: stream, second } = directed;
    // For a process before this one, or a twin.
    if (to !== this.#options.own.instance) return true;
    if (kind === KIND_ASK) {
      const reason = this.#giver.ask(member, stream, second, this.#joining.isOver);
      if (reason !== 0) this.#outbox.stream(KIND_REFUSED, member, stream, reason);
      else this.#giver.work();
    } else if (kind === KIND_REFUSED) this.#taker.refused(member, stream);
    else if (kind === KIND_PART) this.#taker.part(member, stream, second, rest);
    else this.#giver.taken(member, stream, second);
    return true;
  }

  #takeChannel(way: "ws.all" | "ws.to", member: Member): void {
    const { directed, rest, sequence } = this.#message;
    const isToAll = way === "ws.all";
    if (!isToAll && directed.to !== this.#options.own.instance) return;
    const isMissed = isToAll ? member.noteChannelToAll(sequence) : member.noteChannelToUs(sequence);
    const { number } = member;
    if (number === 0) return;
    if (isMissed) this.#channel.lost(number);
    this.#channel.deliver(number, directed.first, rest);
  }

  #joined(): void {
    this.#helloDueMilliseconds = 0;
    for (const member of this.#members.present()) this.#missed.want(member);
  }

  #sendAnnounces(now: number): void {
    const { source, counters } = this.#options;
    const writer = this.#writer;
    add(counters, DROPPED_RING, source.takeDropped());
    const isDue = now >= this.#gatheredMilliseconds + GATHER_MILLISECONDS;
    for (let messages = 0; messages < MESSAGES_AT_ONCE; messages++) {
      const isMore = source.gather(writer);
      if (writer.count === 0 || (!isMore && !isDue)) break;
      this.#outbox.records(writer);
    }
    if (isDue) this.#gatheredMilliseconds = now;
  }

  #sendHello(now: number): void {
    this.#helloDueMilliseconds = now + HELLO_MILLISECONDS;
    this.#outbox.hello({
      canGive: this.#joining.isOver,
      ends: this.#channel.ends,
      peers: this.#options.peers(),
      upSeconds: Math.floor((now - this.#startMilliseconds) / 1000),
    });
  }

  #sendToChannels(node: number, lane: number, rest: Uint8Array): boolean {
    if (node === ALL_NODES) return this.#outbox.channelToAll(lane, rest);
    const member = this.#members.of(node);
    // Where it has gone, its end is told so.
    return member === undefined || this.#outbox.channelTo(member, lane, rest);
  }

  #refuseVersion(subject: string): void {
    const { counters, log } = this.#options;
    const { version } = this.#message;
    add(counters, LOST_VERSION);
    if (this.#toldVersions.has(version) || this.#toldVersions.size >= 16) return;
    this.#toldVersions.add(version);
    log.warn(
      `node ${senderOf(subject)} sends messages of version ${version}, which this swarmtide does not read; they are dropped`,
      { code: "SWARMTIDE_CLUSTER_VERSION" },
    );
  }
}
