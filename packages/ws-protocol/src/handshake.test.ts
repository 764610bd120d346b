import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  acceptKey,
  formatUpgradeRefusal,
  formatUpgradeReply,
  formatUpgradeRequest,
  parseUpgradeReply,
  parseUpgradeRequest,
  UPGRADE_BAD,
  UPGRADE_BAD_VERSION,
  UPGRADE_HEAD_BYTES_MAX,
  UPGRADE_HEADERS_MAX,
  UPGRADE_MORE,
  UPGRADE_NONE,
  UPGRADE_OK,
  UPGRADE_REFUSED_FULL,
  UPGRADE_REFUSED_ORIGIN,
  UPGRADE_TOO_LONG,
} from "./handshake.ts";

// The example of RFC 6455, section 1.3.
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const HEAD = [
  "GET /announce?x=1 HTTP/1.1",
  "Host: server.example.com",
  "Upgrade: WebSocket",
  "Connection: keep-alive, Upgrade",
  `Sec-WebSocket-Key: ${KEY}`,
  "Origin: http://example.com",
  "Sec-WebSocket-Protocol: chat, superchat",
  "Sec-WebSocket-Extensions: permessage-deflate",
  "Sec-WebSocket-Version: 13",
];

const encoder = new TextEncoder();
const head = (lines: readonly string[]): Uint8Array =>
  encoder.encode(`${lines.join("\r\n")}\r\n\r\n`);
const parse = (lines: readonly string[]) => {
  const bytes = head(lines);
  return parseUpgradeRequest(bytes, 0, bytes.length);
};
/** The head with the line of a header changed, or left out. */
const changed = (name: string, line?: string) =>
  HEAD.flatMap((old) => (old.startsWith(`${name}:`) ? (line === undefined ? [] : [line]) : [old]));

test("the key of the RFC's example gets the RFC's answer", () => {
  assert.equal(acceptKey(KEY), ACCEPT);
  assert.equal(
    formatUpgradeReply(KEY),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`,
  );
});

test("a browser's request is read, whatever follows it", () => {
  const bytes = head(HEAD);
  const stream = Uint8Array.of(9, 9, ...bytes, 0x81, 0x80);
  const request = parseUpgradeRequest(stream, 2, stream.length - 2);
  assert.equal(request.status, UPGRADE_OK);
  assert.equal(request.headBytes, bytes.length);
  assert.equal(request.target, "/announce?x=1");
  assert.equal(request.key, KEY);
  assert.equal(request.origin, "http://example.com");
  assert.equal(request.headers.get("host"), "server.example.com");
});

test("every truncation asks for more", () => {
  const bytes = head(HEAD);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(parseUpgradeRequest(bytes, 0, length).status, UPGRADE_MORE);
    assert.equal(parseUpgradeReply(bytes, 0, length, KEY).status, UPGRADE_MORE);
  }
});

test("a request for something else than WebSocket is told apart from a broken one", () => {
  assert.equal(parse(["GET /health HTTP/1.1", "Host: a"]).status, UPGRADE_NONE);
  assert.equal(parse(changed("Upgrade", "Upgrade: h2c")).status, UPGRADE_NONE);
});

test("requests that break the RFC are refused", () => {
  assert.equal(
    parse(changed("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8")).status,
    UPGRADE_BAD_VERSION,
  );
  assert.equal(parse(changed("Sec-WebSocket-Version")).status, UPGRADE_BAD_VERSION);
  for (const lines of [
    changed("Sec-WebSocket-Key"),
    changed("Sec-WebSocket-Key", "Sec-WebSocket-Key: short=="),
    changed("Sec-WebSocket-Key", `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Key: ${KEY}`),
    changed("Connection"),
    changed("Connection", "Connection: close"),
    changed("Host"),
    [...HEAD, "Content-Length: 5"],
    [...HEAD, "Transfer-Encoding: chunked"],
    [...HEAD, " folded: line"],
    [...HEAD, "no colon"],
    [...HEAD, "Bad Name: x"],
    [...HEAD, "X: a\rb"],
    [...HEAD, "X: a\u0000b"],
    ["POST / HTTP/1.1", ...HEAD.slice(1)],
    ["GET / HTTP/1.0", ...HEAD.slice(1)],
    ["GET /", ...HEAD.slice(1)],
    ["GET  / HTTP/1.1", ...HEAD.slice(1)],
  ])
    assert.equal(parse(lines).status, UPGRADE_BAD, lines.join("|"));
});

test("a head is at most so long and has at most so many lines", () => {
  const long = encoder.encode(`GET / HTTP/1.1\r\nX: ${"a".repeat(UPGRADE_HEAD_BYTES_MAX)}`);
  assert.equal(parseUpgradeRequest(long, 0, UPGRADE_HEAD_BYTES_MAX - 1).status, UPGRADE_MORE);
  assert.equal(parseUpgradeRequest(long, 0, UPGRADE_HEAD_BYTES_MAX).status, UPGRADE_TOO_LONG);
  const room = UPGRADE_HEADERS_MAX - (HEAD.length - 1);
  assert.equal(parse([...HEAD, ...new Array(room).fill("X: 1")]).status, UPGRADE_OK);
  assert.equal(parse([...HEAD, ...new Array(room + 1).fill("X: 1")]).status, UPGRADE_TOO_LONG);
});

test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(400), (noise, at) => {
      const bytes = head(HEAD);
      bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
      parseUpgradeRequest(bytes, 0, bytes.length);
      parseUpgradeReply(bytes, 0, bytes.length, KEY);
    }),
  );
});

test("refusals are whole HTTP answers that close the connection", () => {
  const first = (status: number) => formatUpgradeRefusal(status).split("\r\n")[0];
  assert.equal(first(UPGRADE_NONE), "HTTP/1.1 426 Upgrade Required");
  assert.equal(first(UPGRADE_BAD), "HTTP/1.1 400 Bad Request");
  assert.equal(first(UPGRADE_TOO_LONG), "HTTP/1.1 431 Request Header Fields Too Large");
  assert.equal(first(UPGRADE_REFUSED_ORIGIN), "HTTP/1.1 403 Forbidden");
  assert.equal(first(UPGRADE_REFUSED_FULL), "HTTP/1.1 503 Service Unavailable");
  const version = formatUpgradeRefusal(UPGRADE_BAD_VERSION);
  assert.match(
    version,
    /^HTTP\/1\.1 426 .*\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n/,
  );
  const [lines = "", body = ""] = version.split("\r\n\r\n");
  assert.match(lines, /\r\nConnection: close\r\n/);
  assert.match(lines, new RegExp(`Content-Length: ${body.length}$`));
});

test("a client's request passes the server, a server's reply the client", () => {
  const text = formatUpgradeRequest({ host: "a:3000", target: "/", key: KEY, origin: "https://b" });
  const request = parseUpgradeRequest(encoder.encode(text), 0, text.length);
  assert.deepEqual(
    [request.status, request.target, request.origin],
    [UPGRADE_OK, "/", "https://b"],
  );
  const bare = formatUpgradeRequest({ host: "a", target: "/x", key: KEY });
  assert.equal(parseUpgradeRequest(encoder.encode(bare), 0, bare.length).origin, "");

  const reply = encoder.encode(formatUpgradeReply(KEY));
  assert.deepEqual(parseUpgradeReply(reply, 0, reply.length, KEY), {
    status: UPGRADE_OK,
    headBytes: reply.length,
    code: 101,
  });
});

test("a client refuses another key's reply, an extension it did not ask for, and a plain answer", () => {
  const read = (text: string) => parseUpgradeReply(encoder.encode(text), 0, text.length, KEY);
  assert.equal(read(formatUpgradeReply("AAAAAAAAAAAAAAAAAAAAAA==")).status, UPGRADE_BAD);
  const good = formatUpgradeReply(KEY);
  assert.equal(
    read(good.replace("Upgrade: web", "Sec-WebSocket-Extensions: x\r\nUpgrade: web")).status,
    UPGRADE_BAD,
  );
  const refused = read(formatUpgradeRefusal(UPGRADE_REFUSED_FULL));
  assert.deepEqual([refused.status, refused.code], [UPGRADE_BAD, 503]);
});
