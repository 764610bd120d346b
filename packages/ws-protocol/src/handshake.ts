/**
 * The opening handshake of a WebSocket, both sides (RFC 6455, section 4). Any path is served, no sub-protocol and no
 * extension is agreed to.
 *
 * Called once per connection, so it is written for reading and not for speed. The owner of the socket keeps the
 * bytes; the head may be parsed again with more of them until it is whole.
 */
import { asciiBytes } from "./hot/json-object.ts";
import { base64, sha1 } from "./sha1.ts";

/** Longest head of an upgrade, both sides, blank line included. */
export const UPGRADE_HEAD_BYTES_MAX = 8192;
/** Most header lines of a head. */
export const UPGRADE_HEADERS_MAX = 64;

/** The head is not whole yet. */
export const UPGRADE_MORE = 0;
/** A proper request to speak WebSocket. */
export const UPGRADE_OK = 1;
/** An HTTP request that does not ask for WebSocket: somebody else's. */
export const UPGRADE_NONE = 2;
/** Not HTTP, or a head that breaks a rule: 400. */
export const UPGRADE_BAD = 3;
/** Another WebSocket version than 13: 426 and the version that is spoken. */
export const UPGRADE_BAD_VERSION = 4;
/** Longer than UPGRADE_HEAD_BYTES_MAX or more lines than UPGRADE_HEADERS_MAX: 431. */
export const UPGRADE_TOO_LONG = 5;
/** The owner's refusal of an origin: 403. */
export const UPGRADE_REFUSED_ORIGIN = 6;
/** The owner's refusal when it holds as many connections as it may: 503. */
export const UPGRADE_REFUSED_FULL = 7;

/** What a client asked for; all texts are as they came, Latin-1. */
export interface UpgradeRequest {
  readonly status: number;
  /** Bytes of the head, blank line included: what follows are frames. 0 unless the status is UPGRADE_OK. */
  readonly headBytes: number;
  /** Path and query. */
  readonly target: string;
  readonly key: string;
  /** The page's origin as the browser tells it; "" where the header is missing. */
  readonly origin: string;
  /** All headers by lower-case name; a name that stood twice has its values joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
}

/** What a server answered. */
export interface UpgradeReply {
  /** UPGRADE_OK, UPGRADE_MORE, UPGRADE_BAD or UPGRADE_TOO_LONG. */
  readonly status: number;
  readonly headBytes: number;
  /** The HTTP status code; 101 where all is well. */
  readonly code: number;
}

const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_PATTERN = /^[A-Za-z0-9+/]{22}==$/;
const TOKEN_PATTERN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** The answer to a `Sec-WebSocket-Key`: base64(SHA-1(key + the protocol's fixed suffix)). */
export function acceptKey(key: string): string {
  return base64(sha1(asciiBytes(key + ACCEPT_SUFFIX)));
}

interface Head {
  readonly status: number;
  readonly headBytes: number;
  readonly firstLine: string;
  readonly headers: ReadonlyMap<string, string>;
}

const headOf = (
  status: number,
  headBytes = 0,
  firstLine = "",
  headers: ReadonlyMap<string, string> = NO_HEADERS,
): Head => ({ status, headBytes, firstLine, headers });

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (const byte of bytes.subarray(start, end)) text += String.fromCharCode(byte);
  return text;
}

/** The offset after the blank line, or -1 where it has not come. */
function endOfHead(bytes: Uint8Array, offset: number, end: number): number {
  for (let index = offset; index + 3 < end; index++)
    if (
      bytes[index] === 13 &&
      bytes[index + 1] === 10 &&
      bytes[index + 2] === 13 &&
      bytes[index + 3] === 10
    )
      return index + 4;
  return -1;
}

function parseHead(bytes: Uint8Array, offset: number, length: number): Head {
  const end = offset + Math.min(length, UPGRADE_HEAD_BYTES_MAX);
  const after = endOfHead(bytes, offset, end);
  if (after < 0) return headOf(length >= UPGRADE_HEAD_BYTES_MAX ? UPGRADE_TOO_LONG : UPGRADE_MORE);
  const lines = latin1(bytes, offset, after - 4).split("\r\n");
  if (lines.length - 1 > UPGRADE_HEADERS_MAX) return headOf(UPGRADE_TOO_LONG);
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    // A bare CR, LF or NUL inside a value would let two readers see two different heads.
    if (!TOKEN_PATTERN.test(name) || hasControlCharacter(value)) return headOf(UPGRADE_BAD);
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return headOf(UPGRADE_OK, after - offset, lines[0] ?? "", headers);
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== 9) || code === 0x7f) return true;
  }
  return false;
}

const listHas = (value: string | undefined, token: string): boolean =>
  value?.split(",").some((part) => part.trim().toLowerCase() === token) ?? false;

/** Reads the head of a request from the first `length` bytes that have come. */
export function parseUpgradeRequest(
  bytes: Uint8Array,
  offset: number,
  length: number,
): UpgradeRequest {
  const head = parseHead(bytes, offset, length);
  const line = /^([A-Z]{1,16}) (\S{1,4096}) HTTP\/1\.([01])$/.exec(head.firstLine);
  const refuse = (status: number): UpgradeRequest => ({
    status,
    headBytes: 0,
    target: line?.[2] ?? "",
    key: "",
    origin: "",
    headers: head.headers,
  });
  if (head.status !== UPGRADE_OK) return refuse(head.status);
  if (line === null) return refuse(UPGRADE_BAD);
  const headers = head.headers;
  if (!listHas(headers.get("upgrade"), "websocket")) return refuse(UPGRADE_NONE);
  if (line[1] !== "GET" || line[3] !== "1") return refuse(UPGRADE_BAD);
  if (!listHas(headers.get("connection"), "upgrade")) return refuse(UPGRADE_BAD);
  // A request with a body would leave bytes between the head and the first frame.
  if ((headers.get("content-length") ?? "0") !== "0") return refuse(UPGRADE_BAD);
  if (headers.has("transfer-encoding") || !headers.has("host")) return refuse(UPGRADE_BAD);
  if (headers.get("sec-websocket-version") !== "13") return refuse(UPGRADE_BAD_VERSION);
  const key = headers.get("sec-websocket-key") ?? "";
  if (!KEY_PATTERN.test(key)) return refuse(UPGRADE_BAD);
  return {
    status: UPGRADE_OK,
    headBytes: head.headBytes,
    target: line[2] ?? "",
    key,
    origin: headers.get("origin") ?? "",
    headers,
  };
}

/** The server's answer to a proper request. */
export function formatUpgradeReply(key: string): string {
  return (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`
  );
}

type Refusal = readonly [number, string, string, string];

const REFUSED_AS_BAD: Refusal = [
  UPGRADE_BAD,
  "400 Bad Request",
  "",
  "Not a proper WebSocket handshake",
];
const REFUSALS: readonly Refusal[] = [
  [UPGRADE_NONE, "426 Upgrade Required", "Upgrade: websocket\r\n", "WebSocket expected"],
  REFUSED_AS_BAD,
  [
    UPGRADE_BAD_VERSION,
    "426 Upgrade Required",
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "WebSocket version 13 expected",
  ],
  [UPGRADE_TOO_LONG, "431 Request Header Fields Too Large", "", "The request's head is too long"],
  [UPGRADE_REFUSED_ORIGIN, "403 Forbidden", "", "This origin is not allowed here"],
  [UPGRADE_REFUSED_FULL, "503 Service Unavailable", "Retry-After: 60\r\n", "Too many connections"],
];

/** The answer to a request that is refused, after which the connection is closed. */
export function formatUpgradeRefusal(status: number): string {
  const refusal = REFUSALS.find(([refused]) => refused === status) ?? REFUSED_AS_BAD;
  const [, line, extra, text] = refusal;
  return (
    `HTTP/1.1 ${line}\r\n${extra}Connection: close\r\nContent-Type: text/plain\r\n` +
    `Content-Length: ${text.length + 1}\r\n\r\n${text}\n`
  );
}

/** A client's request. `key` is base64 of 16 random bytes, `origin` may be left out. */
export function formatUpgradeRequest(request: {
  readonly host: string;
  readonly target: string;
  readonly key: string;
  readonly origin?: string;
}): string {
  const origin = request.origin === undefined ? "" : `Origin: ${request.origin}\r\n`;
  return (
    `GET ${request.target} HTTP/1.1\r\nHost: ${request.host}\r\nUpgrade: websocket\r\n` +
    `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${request.key}\r\n` +
    `${origin}\r\n`
  );
}

/** Reads a server's answer to the request with `key`. */
export function parseUpgradeReply(
  bytes: Uint8Array,
  offset: number,
  length: number,
  key: string,
): UpgradeReply {
  const head = parseHead(bytes, offset, length);
  if (head.status !== UPGRADE_OK) return { status: head.status, headBytes: 0, code: 0 };
  const code = Number(/^HTTP\/1\.1 (\d{3})(?: .*)?$/.exec(head.firstLine)?.[1] ?? 0);
  const headers = head.headers;
  const isProper =
    code === 101 &&
    listHas(headers.get("upgrade"), "websocket") &&
    listHas(headers.get("connection"), "upgrade") &&
    headers.get("sec-websocket-accept") === acceptKey(key) &&
    !headers.has("sec-websocket-extensions") &&
    !headers.has("sec-websocket-protocol");
  return isProper
    ? { status: UPGRADE_OK, headBytes: head.headBytes, code }
    : { status: UPGRADE_BAD, headBytes: 0, code };
}
