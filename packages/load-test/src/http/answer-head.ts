/** The head of an HTTP answer, as far as a load tester has to know it. Called for each answer. RFC 9112. */
export const HEAD_BYTES_MAX = 16_384;
export const BODY_BYTES_MAX = 1 << 22;

const HEAD_END = "\r\n\r\n";
const CARRIAGE_RETURN = 0x0d;
const BLANK = 0x20;
/** What makes a letter of ASCII small. */
const SMALL = 0x20;
const STATUS_AT = 9;
const PREFIX = Buffer.from("HTTP/1.");
const CONTENT_LENGTH = Buffer.from("content-length:");
const CONNECTION = Buffer.from("connection:");
const CLOSE = Buffer.from("close");

export interface Head {
  readonly bytes: number;
  readonly status: number;
  /** Undefined: until the connection ends. */
  readonly bodyBytes: number | undefined;
  readonly closes: boolean;
}

/** Undefined while it has not come whole, "malformed" for what is none. */
export function readHead(bytes: Buffer): Head | "malformed" | undefined {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return bytes.length > HEAD_BYTES_MAX ? "malformed" : undefined;
  const status = statusOf(bytes, end);
  if (status < 0) return "malformed";
  let bodyBytes: number | undefined;
  let isClosed = false;
  for (let line = nextLine(bytes, 0, end); line < end; line = nextLine(bytes, line, end)) {
    if (startsWith(bytes, line, CONTENT_LENGTH)) {
      const value = numberAt(bytes, line + CONTENT_LENGTH.length);
      if (value >= 0) bodyBytes = value;
    } else if (startsWith(bytes, line, CONNECTION)) {
      const value = skipBlanks(bytes, line + CONNECTION.length);
      if (startsWith(bytes, value, CLOSE)) isClosed = isLineEnd(bytes, value + CLOSE.length);
    }
  }
  if (bodyBytes !== undefined && bodyBytes > BODY_BYTES_MAX) return "malformed";
  const closes = bodyBytes === undefined || isClosed;
  return { bytes: end + HEAD_END.length, status, bodyBytes, closes };
}

/** -1 where the first line is not one of HTTP/1. */
function statusOf(bytes: Buffer, end: number): number {
  if (end < STATUS_AT + 3 || !startsWith(bytes, 0, PREFIX, false)) return -1;
  const version = bytes[PREFIX.length];
  if ((version !== 0x30 && version !== 0x31) || bytes[STATUS_AT - 1] !== BLANK) return -1;
  const after = STATUS_AT + 3;
  if (bytes[after] !== BLANK && after !== end) return -1;
  let status = 0;
  for (let at = STATUS_AT; at < after; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    status = status * 10 + digit;
  }
  return status;
}

/** The start of the line after that at `at`, or `end`. */
function nextLine(bytes: Buffer, at: number, end: number): number {
  let next = at;
  while (next < end && bytes[next] !== CARRIAGE_RETURN) next++;
  return Math.min(end, next + 2);
}

/** Whether this text of small letters stands at `at`, in letters of any size. */
function startsWith(bytes: Buffer, at: number, text: Buffer, anyCase = true): boolean {
  for (let index = 0; index < text.length; index++) {
    const byte = bytes[at + index] ?? 0;
    const isLetter = byte >= 0x41 && byte <= 0x5a;
    if ((anyCase && isLetter ? byte | SMALL : byte) !== text[index]) return false;
  }
  return true;
}

function skipBlanks(bytes: Buffer, at: number): number {
  let next = at;
  while (bytes[next] === BLANK) next++;
  return next;
}

const isLineEnd = (bytes: Buffer, at: number): boolean =>
  bytes[skipBlanks(bytes, at)] === CARRIAGE_RETURN;

/** The whole number that is all of the rest of the line; -1 where it is something else. */
function numberAt(bytes: Buffer, start: number): number {
  let at = skipBlanks(bytes, start);
  const first = at;
  let value = 0;
  for (let digit = (bytes[at] ?? 0) - 0x30; digit >= 0 && digit <= 9; at++) {
    value = value * 10 + digit;
    digit = (bytes[at + 1] ?? 0) - 0x30;
  }
  return at > first && isLineEnd(bytes, at) ? value : -1;
}
