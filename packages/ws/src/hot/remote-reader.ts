/**
 * Walks over a message of another node: nothing in it is trusted. Layout: remote-layout.ts. Owned by the receiving worker.
 */
import {
  AGE_AT,
  CONNECTION_AT,
  GONE_BYTES,
  PEER_BYTES,
  REMOTE_ANSWER,
  REMOTE_END,
  REMOTE_GONE,
  REMOTE_HEAD_BYTES,
  REMOTE_LAYOUT,
  REMOTE_MALFORMED,
  REMOTE_OFFER,
  REMOTE_PEER,
  SERIAL_AT,
  STATE_AT,
  TEXT_AT,
  TEXT_BYTES_AT,
  TO_CONNECTION_AT,
  TO_SERIAL_AT,
} from "./remote-layout.ts";

const NO_BYTES = new Uint8Array(0);

export class RemoteReader {
  bytes: Uint8Array = NO_BYTES;
  /** Of the worker that sent it. */
  lane = 0;
  /** Where the record begins that `next` has returned. */
  at = 0;
  private nextAt = 0;

  /** Starts on a message; false where it is of no layout that is known here. */
  open(bytes: Uint8Array): boolean {
    this.bytes = bytes;
    this.nextAt = REMOTE_HEAD_BYTES;
    if (bytes.length < REMOTE_HEAD_BYTES || bytes[0] !== REMOTE_LAYOUT) return false;
    this.lane = bytes[1];
    return true;
  }

  /** Lets go of the message. */
  close(): void {
    this.bytes = NO_BYTES;
  }

  /** The kind of the next record, whole; REMOTE_END at the end, REMOTE_MALFORMED where what follows is no record. */
  next(): number {
    const { bytes } = this;
    const at = this.nextAt;
    this.at = at;
    const left = bytes.length - at;
    if (left === 0) return REMOTE_END;
    if (left < GONE_BYTES) return REMOTE_MALFORMED;
    const kind = bytes[at];
    const length = lengthOf(bytes, at, left);
    if (length === 0 || length > left) return REMOTE_MALFORMED;
    this.nextAt = at + length;
    return kind;
  }

  get state(): number {
    return this.bytes[this.at + STATE_AT];
  }

  get ageSeconds(): number {
    return (this.bytes[this.at + AGE_AT] << 8) | this.bytes[this.at + AGE_AT + 1];
  }

  get connection(): number {
    return int32At(this.bytes, this.at + CONNECTION_AT);
  }

  get serial(): number {
    return int32At(this.bytes, this.at + SERIAL_AT);
  }

  get toConnection(): number {
    return int32At(this.bytes, this.at + TO_CONNECTION_AT);
  }

  get toSerial(): number {
    return int32At(this.bytes, this.at + TO_SERIAL_AT);
  }

  get textAt(): number {
    return this.at + TEXT_AT;
  }

  get textBytes(): number {
    return this.nextAt - this.at - TEXT_AT;
  }
}

/** Bytes of the record at `at`; 0 for a kind that is not known, or an empty text. */
function lengthOf(bytes: Uint8Array, at: number, left: number): number {
  switch (bytes[at]) {
    case REMOTE_PEER:
      return PEER_BYTES;
    case REMOTE_GONE:
      return GONE_BYTES;
    case REMOTE_OFFER:
    case REMOTE_ANSWER: {
      if (left < TEXT_AT) return 0;
      const text = int32At(bytes, at + TEXT_BYTES_AT) >>> 0;
      return text === 0 ? 0 : TEXT_AT + text;
    }
    default:
      return 0;
  }
}

function int32At(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}
