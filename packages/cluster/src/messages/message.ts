/**
 * Messages between nodes: from fields to bytes and back (layout.ts). Pure, and safe with any bytes: what is not wholly a message is
 * refused with a small number, and nothing is made of it. Called by the cluster thread.
 *
 *     const refusal = reader.open(bytes);
 *     if (refusal === 0 && reader.kind === KIND_HELLO) greet(readHello(reader));
 */
import {
  BODY_BYTES_AT,
  DIRECTED_FIRST_AT,
  DIRECTED_HEADER_BYTES,
  DIRECTED_SECOND_AT,
  HELLO_BYTES,
  HELLO_CAN_GIVE_AT,
  HELLO_CHANNEL_AT,
  HELLO_ENDS_AT,
  HELLO_PEERS_AT,
  HELLO_RECORDS_AT,
  HELLO_SECONDS_AT,
  INSTANCE_AT,
  KIND_AT,
  KIND_BYE,
  KIND_CHANNEL,
  KIND_HELLO,
  KIND_PART,
  KIND_RECORDS,
  MAGIC,
  MESSAGE_BYTES_MAX,
  MESSAGE_HEADER_BYTES,
  NAME_AT,
  NAME_BYTES_AT,
  NAME_BYTES_MAX,
  RECORD_BYTES_4,
  RECORD_BYTES_6,
  RECORDS_HEADER_BYTES,
  RECORDS_MESSAGE_BYTES_MAX,
  SENT_AT,
  SEQUENCE_AT,
  VERSION,
  VERSION_AT,
  VERSIONS_READ,
} from "./layout.ts";

/** Why bytes are not a message. */
export const REFUSED_MALFORMED = 1;
export const REFUSED_VERSION = 2;

/** A process of a node, as its messages name it. */
export interface Sender {
  readonly name: string;
  /** Eight bytes as hexadecimal digits. */
  readonly instance: string;
}

/** What stands in front of every body. */
export interface Head extends Sender {
  readonly kind: number;
  readonly sequence: number;
  /** The sender's clock, milliseconds. */
  readonly sentAtMilliseconds: number;
}

/** That a node is there. */
export interface Hello {
  readonly canGive: boolean;
  /** Workers that serve WebTorrent. */
  readonly ends: number;
  readonly recordsSequence: number;
  readonly channelSequence: number;
  readonly peers: number;
  readonly upSeconds: number;
}

/** To one instance. */
export interface Directed {
  /** Undefined for all. */
  readonly to: string | undefined;
  readonly first: number;
  readonly second: number;
}

/** For `to` in a message for all. */
const ALL_INSTANCES = "0000000000000000";
const WORD = 2 ** 32;
const UINT32_MAX = WORD - 1;

/** Whether a node may have this name: it is a part of NATS subjects. */
export const isNodeName = (name: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(name);

const isInstance = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);

/** A message with room for a body of so many bytes; `bodyAt` tells where. The name has been checked. */
export function beginMessage(head: Head, bodyBytes: number): { bytes: Uint8Array; bodyAt: number } {
  const { name, instance, kind, sequence, sentAtMilliseconds } = head;
  if (!isNodeName(name) || !isInstance(instance))
    throw new RangeError(`node "${name}", instance "${instance}": cannot be sent`);
  const bodyAt = MESSAGE_HEADER_BYTES + name.length;
  const bytes = new Uint8Array(bodyAt + bodyBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(VERSION_AT, VERSION);
  view.setUint8(KIND_AT, kind);
  view.setUint8(NAME_BYTES_AT, name.length);
  setInstance(view, INSTANCE_AT, instance);
  view.setUint32(SEQUENCE_AT, sequence);
  view.setUint32(SENT_AT, Math.floor(sentAtMilliseconds / WORD));
  view.setUint32(SENT_AT + 4, sentAtMilliseconds % WORD);
  view.setUint32(BODY_BYTES_AT, bodyBytes);
  for (let i = 0; i < name.length; i++) bytes[NAME_AT + i] = name.charCodeAt(i);
  return { bytes, bodyAt };
}

export function encodeHello(head: Omit<Head, "kind">, hello: Hello): Uint8Array {
  const { bytes, bodyAt } = beginMessage({ ...head, kind: KIND_HELLO }, HELLO_BYTES);
  const view = new DataView(bytes.buffer, bodyAt);
  view.setUint16(HELLO_CAN_GIVE_AT, hello.canGive ? 1 : 0);
  view.setUint16(HELLO_ENDS_AT, hello.ends);
  view.setUint32(HELLO_RECORDS_AT, hello.recordsSequence);
  view.setUint32(HELLO_CHANNEL_AT, hello.channelSequence);
  view.setUint32(HELLO_PEERS_AT, Math.min(UINT32_MAX, hello.peers));
  view.setUint32(HELLO_SECONDS_AT, Math.min(UINT32_MAX, hello.upSeconds));
  return bytes;
}

/** A message that is for one instance, or with `to` undefined for all. */
export function encodeDirected(
  head: Head,
  { to, first, second }: Directed,
  rest: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const { bytes, bodyAt } = beginMessage(head, DIRECTED_HEADER_BYTES + rest.length);
  const view = new DataView(bytes.buffer, bodyAt);
  setInstance(view, 0, to ?? ALL_INSTANCES);
  view.setUint32(DIRECTED_FIRST_AT, first);
  view.setUint32(DIRECTED_SECOND_AT, second);
  bytes.set(rest, bodyAt + DIRECTED_HEADER_BYTES);
  return bytes;
}

/** Reads messages one after another; its fields are those of the last one that was opened. */
export class MessageReader implements Head {
  name = "";
  instance = "";
  kind = 0;
  version = 0;
  sequence = 0;
  sentAtMilliseconds = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the body begins; it ends with the bytes. */
  bodyAt = 0;
  #view = new DataView(this.bytes.buffer);

  /** 0, or why these bytes are not a message, REFUSED_…. */
  open(bytes: Uint8Array): number {
    const { length } = bytes;
    if (length < MESSAGE_HEADER_BYTES || length > MESSAGE_BYTES_MAX) return REFUSED_MALFORMED;
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    if (view.getUint32(0) !== MAGIC) return REFUSED_MALFORMED;
    this.version = view.getUint16(VERSION_AT);
    // What follows may be otherwise in another version.
    if (!VERSIONS_READ.includes(this.version)) return REFUSED_VERSION;
    const nameBytes = view.getUint8(NAME_BYTES_AT);
    const bodyBytes = view.getUint32(BODY_BYTES_AT);
    if (nameBytes === 0 || nameBytes > NAME_BYTES_MAX) return REFUSED_MALFORMED;
    this.bodyAt = MESSAGE_HEADER_BYTES + nameBytes;
    if (this.bodyAt + bodyBytes !== length) return REFUSED_MALFORMED;
    const name = String.fromCharCode(...bytes.subarray(NAME_AT, this.bodyAt));
    if (!isNodeName(name)) return REFUSED_MALFORMED;
    this.bytes = bytes;
    this.#view = view;
    this.name = name;
    this.kind = view.getUint8(KIND_AT);
    this.instance = this.#instanceAt(INSTANCE_AT);
    this.sequence = view.getUint32(SEQUENCE_AT);
    this.sentAtMilliseconds = view.getUint32(SENT_AT) * WORD + view.getUint32(SENT_AT + 4);
    return this.#isBody(bodyBytes) ? 0 : REFUSED_MALFORMED;
  }

  /** Of KIND_RECORDS: how many of each family. */
  get recordsIpv4(): number {
    return this.#view.getUint32(this.bodyAt);
  }

  get recordsIpv6(): number {
    return this.#view.getUint32(this.bodyAt + 4);
  }

  /** Of KIND_HELLO. */
  get hello(): Hello {
    const view = this.#view;
    const at = this.bodyAt;
    return {
      canGive: view.getUint16(at + HELLO_CAN_GIVE_AT) === 1,
      ends: view.getUint16(at + HELLO_ENDS_AT),
      recordsSequence: view.getUint32(at + HELLO_RECORDS_AT),
      channelSequence: view.getUint32(at + HELLO_CHANNEL_AT),
      peers: view.getUint32(at + HELLO_PEERS_AT),
      upSeconds: view.getUint32(at + HELLO_SECONDS_AT),
    };
  }

  /** Of the kinds that are for one instance. */
  get directed(): Directed {
    const to = this.#instanceAt(this.bodyAt);
    return {
      to: to === ALL_INSTANCES ? undefined : to,
      first: this.#view.getUint32(this.bodyAt + DIRECTED_FIRST_AT),
      second: this.#view.getUint32(this.bodyAt + DIRECTED_SECOND_AT),
    };
  }

  /** What stands behind the numbers of a message for one instance. */
  get rest(): Uint8Array {
    return this.bytes.subarray(this.bodyAt + DIRECTED_HEADER_BYTES);
  }

  #isBody(bodyBytes: number): boolean {
    if (this.kind === KIND_RECORDS) {
      if (bodyBytes < RECORDS_HEADER_BYTES) return false;
      if (this.bytes.length > RECORDS_MESSAGE_BYTES_MAX) return false;
      const records = RECORD_BYTES_4 * this.recordsIpv4 + RECORD_BYTES_6 * this.recordsIpv6;
      return bodyBytes === RECORDS_HEADER_BYTES + records;
    }
    if (this.kind === KIND_HELLO) return bodyBytes === HELLO_BYTES;
    if (this.kind === KIND_BYE) return bodyBytes === 0;
    if (this.kind < KIND_RECORDS || this.kind > KIND_CHANNEL) return false;
    const hasRest = this.kind === KIND_PART || this.kind === KIND_CHANNEL;
    return hasRest ? bodyBytes >= DIRECTED_HEADER_BYTES : bodyBytes === DIRECTED_HEADER_BYTES;
  }

  #instanceAt(at: number): string {
    return digits(this.#view.getUint32(at)) + digits(this.#view.getUint32(at + 4));
  }
}

const digits = (word: number): string => word.toString(16).padStart(8, "0");

function setInstance(view: DataView, at: number, instance: string): void {
  view.setUint32(at, Number.parseInt(instance.slice(0, 8), 16));
  view.setUint32(at + 4, Number.parseInt(instance.slice(8), 16));
}
