import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asciiBytes } from "./byte-class.ts";
import { parseHttpRequest } from "./http-request.ts";
import {
  describeHttpStatus,
  HTTP_BAD_CONTENT_LENGTH,
  HTTP_BAD_HEADER_NAME,
  HTTP_BAD_HEADER_VALUE,
  HTTP_BAD_PERCENT,
  HTTP_BAD_REQUEST_LINE,
  HTTP_BAD_TARGET,
  HTTP_BAD_VERSION,
  HTTP_BARE_LINE_BREAK,
  HTTP_BOTH_LENGTHS,
  HTTP_FOLDED_HEADER,
  HTTP_HEADERS_TOO_LONG,
  HTTP_MORE,
  HTTP_OK,
  HTTP_STATUS_COUNT,
  HTTP_TARGET_TOO_LONG,
  HTTP_TOO_MANY_HEADERS,
  HTTP_TWO_CONTENT_LENGTHS,
  HTTP_TWO_HOSTS,
  httpStatusOf,
} from "./parse-status.ts";
import { HttpRequest, METHOD_GET, METHOD_HEAD, METHOD_OTHER } from "./request-record.ts";

const LIMITS = { requestBytesMax: 8192, headersMax: 64, forwardedHeaderName: "X-Forwarded-For" };
const record = new HttpRequest(LIMITS);

const parse = (text: string, request = record) => {
  const bytes = asciiBytes(text);
  return parseHttpRequest(request, bytes, 0, bytes.length);
};
const slice = (text: string, start: number, end: number) => text.slice(start, end);

const GOLDEN =
  "GET /announce?info_hash=%04%0bkV&port=1 HTTP/1.1\r\n" +
  "Host: tracker.example:3000\r\n" +
  "User-Agent: test/1.0\r\n" +
  "Accept-Encoding: gzip\r\n" +
  "X-Forwarded-For: 192.0.2.1, 192.0.2.2\r\n" +
  "Connection: Keep-Alive\r\n\r\n";

test("a golden announce is taken apart at the right offsets", () => {
  assert.equal(parse(`${GOLDEN}GET`), HTTP_OK);
  assert.equal(record.method, METHOD_GET);
  assert.equal(record.versionMinor, 1);
  assert.equal(slice(GOLDEN, record.pathStart, record.pathEnd), "/announce");
  assert.equal(slice(GOLDEN, record.queryStart, record.queryEnd), "info_hash=%04%0bkV&port=1");
  assert.equal(record.nextOffset, GOLDEN.length);
  assert.equal(record.keepAlive, true);
  assert.equal(record.hasBody, false);
  assert.equal(record.headerCount, 5);
  assert.equal(record.forwardedCount, 1);
  const forwarded = slice(GOLDEN, record.forwardedStarts[0], record.forwardedEnds[0]);
  assert.equal(forwarded, "192.0.2.1, 192.0.2.2");
});

test("every truncation of a request asks for more, and the whole one is read", () => {
  const bytes = asciiBytes(GOLDEN);
  for (let end = 0; end < bytes.length; end++)
    assert.equal(parseHttpRequest(record, bytes, 0, end), HTTP_MORE, `at ${end}`);
  assert.equal(parseHttpRequest(record, bytes, 0, bytes.length), HTTP_OK);
});

test("a request is read at any offset of a buffer, and pipelined ones one after the other", () => {
  const bytes = asciiBytes(`xx${GOLDEN}HEAD /health HTTP/1.0\r\n\r\n`);
  assert.equal(parseHttpRequest(record, bytes, 2, bytes.length), HTTP_OK);
  assert.equal(record.nextOffset, 2 + GOLDEN.length);
  assert.equal(parseHttpRequest(record, bytes, record.nextOffset, bytes.length), HTTP_OK);
  assert.equal(record.method, METHOD_HEAD);
  assert.equal(record.versionMinor, 0);
  assert.equal(record.keepAlive, false);
  assert.equal(record.nextOffset, bytes.length);
});

const SHAPES: readonly [name: string, text: string, status: number][] = [
  [
    "two Content-Lengths",
    "A: b\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
    HTTP_TWO_CONTENT_LENGTHS,
  ],
  [
    "Content-Length before Transfer-Encoding",
    "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    HTTP_BOTH_LENGTHS,
  ],
  [
    "Transfer-Encoding before Content-Length",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    HTTP_BOTH_LENGTHS,
  ],
  ["a list in Content-Length", "Content-Length: 1, 1\r\n", HTTP_BAD_CONTENT_LENGTH],
  ["a signed Content-Length", "Content-Length: +1\r\n", HTTP_BAD_CONTENT_LENGTH],
  ["an empty Content-Length", "Content-Length:\r\n", HTTP_BAD_CONTENT_LENGTH],
  [
    "a Content-Length of 16 digits",
    "Content-Length: 1111111111111111\r\n",
    HTTP_BAD_CONTENT_LENGTH,
  ],
  ["a bare LF behind a header", "A: b\nContent-Length: 1\r\n", HTTP_BARE_LINE_BREAK],
  ["a bare CR in a header", "A: b\rc: d\r\n", HTTP_BARE_LINE_BREAK],
  ["a folded header with a blank", "A: b\r\n c\r\n", HTTP_FOLDED_HEADER],
  ["a folded header with a tab", "A: b\r\n\tc\r\n", HTTP_FOLDED_HEADER],
  ["a NUL in a header value", "A: b\0c\r\n", HTTP_BAD_HEADER_VALUE],
  ["a NUL in a header name", "A\0: b\r\n", HTTP_BAD_HEADER_NAME],
  ["a blank before the colon", "Content-Length : 1\r\n", HTTP_BAD_HEADER_NAME],
  ["an empty header name", ": b\r\n", HTTP_BAD_HEADER_NAME],
  ["a header line without colon", "abc\r\n", HTTP_BAD_HEADER_NAME],
  ["a second Host", "Host: b\r\n", HTTP_TWO_HOSTS],
];

for (const [name, headers, status] of SHAPES)
  test(`${name} is refused, however the bytes arrive`, () => {
    const text = `GET /announce HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
    assert.equal(parse(text), status, describeHttpStatus(parse(text)));
    assertSameAtEverySplit(asciiBytes(text), record);
  });

const LINES: readonly [name: string, line: string, status: number][] = [
  ["an invalid percent", "GET /announce?a=%zz HTTP/1.1\r\n", HTTP_BAD_PERCENT],
  ["a half percent", "GET /announce?a=%2z HTTP/1.1\r\n", HTTP_BAD_PERCENT],
  ["a percent at the end", "GET /announce?a=% HTTP/1.1\r\n", HTTP_BAD_PERCENT],
  ["a NUL in the target", "GET /announce?a=\0 HTTP/1.1\r\n", HTTP_BAD_TARGET],
  ["a fragment", "GET /announce#a HTTP/1.1\r\n", HTTP_BAD_TARGET],
  ["an empty target", "GET  HTTP/1.1\r\n", HTTP_BAD_TARGET],
  ["a target without slash", "GET announce HTTP/1.1\r\n", HTTP_BAD_TARGET],
  ["an asterisk for GET", "GET * HTTP/1.1\r\n", HTTP_BAD_TARGET],
  ["another scheme", "GET ftp://a/announce HTTP/1.1\r\n", HTTP_BAD_TARGET],
  ["an absolute form without host", "GET http:///announce HTTP/1.1\r\n", HTTP_BAD_TARGET],
  ["HTTP/0.9", "GET /announce\r\n", HTTP_BAD_REQUEST_LINE],
  ["a bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n", HTTP_BARE_LINE_BREAK],
  ["a bare CR behind the request line", "GET / HTTP/1.1\rHost: a\r\n", HTTP_BARE_LINE_BREAK],
  ["HTTP/2.0", "PRI * HTTP/2.0\r\n", HTTP_BAD_VERSION],
  ["a third version digit", "GET / HTTP/1.10\r\n", HTTP_BAD_REQUEST_LINE],
  ["a lower-case version", "GET / http/1.1\r\n", HTTP_BAD_REQUEST_LINE],
  ["two blanks before the version", "GET /  HTTP/1.1\r\n", HTTP_BAD_REQUEST_LINE],
  ["a method of 18 letters", "ABCDEFGHIJKLMNOPQR / HTTP/1.1\r\n", HTTP_BAD_REQUEST_LINE],
  ["an empty method", " / HTTP/1.1\r\n", HTTP_BAD_REQUEST_LINE],
  ["a TLS handshake", "\x16\x03\x01\x02\0\x01\0", HTTP_BAD_REQUEST_LINE],
  ["a BitTorrent handshake", "\x13BitTorrent protocol", HTTP_BAD_REQUEST_LINE],
];

for (const [name, line, status] of LINES)
  test(`${name} is refused, however the bytes arrive`, () => {
    const text = `${line}Host: a\r\n\r\n`;
    assert.equal(parse(text), status, describeHttpStatus(parse(text)));
    assertSameAtEverySplit(asciiBytes(text), record);
  });

test("the absolute form gives the path behind the host", () => {
  for (const [target, path, query] of [
    ["http://a.example:3000/announce?a=b", "/announce", "a=b"],
    ["HTTPS://a.example/scrape", "/scrape", ""],
    ["http://a.example", "", ""],
    ["http://a.example?a=b", "", "a=b"],
    ["http://[::1]:80/health?/", "/health", "/"],
  ]) {
    const text = `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
    assert.equal(parse(text), HTTP_OK, target);
    assert.equal(slice(text, record.pathStart, record.pathEnd), path);
    assert.equal(slice(text, record.queryStart, record.queryEnd), query);
  }
});

test("a body is seen by its length or its encoding, and other methods are told apart", () => {
  const text = (headers: string) => `POST /announce HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
  assert.equal(parse(text("Content-Length: 5\r\n")), HTTP_OK);
  assert.equal(record.method, METHOD_OTHER);
  assert.equal(record.hasBody, true);
  assert.equal(parse(text("Transfer-Encoding: chunked\r\n")), HTTP_OK);
  assert.equal(record.hasBody, true);
  assert.equal(parse(text("Content-Length: 0\r\n")), HTTP_OK);
  assert.equal(record.hasBody, false);
  assert.equal(parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), HTTP_OK);
  assert.equal(record.method, METHOD_OTHER);
});

test("forwarding headers are noted whichever they are, and all lines of the configured one are kept", () => {
  const seen = (headers: string) => {
    assert.equal(parse(`GET / HTTP/1.1\r\nHost: a\r\n${headers}\r\n`), HTTP_OK);
    return [record.hasForwardingHeader, record.forwardedCount];
  };
  assert.deepEqual(seen(""), [false, 0]);
  assert.deepEqual(seen("X-Real-Ip: 1.2.3.4\r\n"), [true, 0]);
  assert.deepEqual(seen("forwarded: for=1.2.3.4\r\n"), [true, 0]);
  assert.deepEqual(seen("x-forwarded-for: 1.2.3.4\r\nX-FORWARDED-FOR: \r\n"), [true, 2]);
  const nine = "x-forwarded-for: 1.2.3.4\r\n".repeat(9);
  assert.equal(parse(`GET / HTTP/1.1\r\nHost: a\r\n${nine}\r\n`), HTTP_TOO_MANY_HEADERS);
});

test("one empty line before a request is passed over, a second one is not", () => {
  assert.equal(parse("\r\nGET / HTTP/1.0\r\n\r\n"), HTTP_OK);
  assert.equal(parse("\r\n\r\nGET / HTTP/1.0\r\n\r\n"), HTTP_BAD_REQUEST_LINE);
});

test("each limit has its own answer, the same however the bytes arrive", () => {
  const small = new HttpRequest({ requestBytesMax: 100, headersMax: 3 });
  const longTarget = `GET /${"a".repeat(200)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const longHeader = `GET / HTTP/1.1\r\nHost: a\r\nA: ${"b".repeat(200)}\r\n\r\n`;
  const fourHeaders = "GET / HTTP/1.1\r\nHost: a\r\nA: a\r\nB: b\r\nC: c\r\n\r\n";
  assert.equal(parse(longTarget, small), HTTP_TARGET_TOO_LONG);
  assert.equal(parse(longHeader, small), HTTP_HEADERS_TOO_LONG);
  assert.equal(parse(fourHeaders, small), HTTP_TOO_MANY_HEADERS);
  for (const text of [longTarget, longHeader, fourHeaders])
    assertSameAtEverySplit(asciiBytes(text), small);
  const exact = `GET / HTTP/1.1\r\nHost: a\r\nA: ${"b".repeat(100 - 32)}\r\n\r\n`;
  assert.equal(asciiBytes(exact).length, 100);
  assert.equal(parse(exact, small), HTTP_OK);
});

test("a scrape of 100 fully encoded info hashes fits the limit of 8 KiB", () => {
  const query = Array(100)
    .fill(`info_hash=${"%ff".repeat(20)}`)
    .join("&");
  assert.equal(parse(`GET /scrape?${query} HTTP/1.1\r\nHost: a\r\n\r\n`), HTTP_OK);
});

test("every status has an HTTP status and a reason of one line", () => {
  for (let status = 0; status < HTTP_STATUS_COUNT; status++) {
    assert.ok(status === HTTP_MORE || httpStatusOf(status) >= 200);
    assert.match(describeHttpStatus(status), /^[^\r\n]+$/);
  }
  assert.equal(httpStatusOf(HTTP_TARGET_TOO_LONG), 414);
  assert.equal(httpStatusOf(HTTP_HEADERS_TOO_LONG), 431);
  assert.equal(httpStatusOf(HTTP_TOO_MANY_HEADERS), 431);
  assert.equal(httpStatusOf(HTTP_BAD_VERSION), 505);
});

test("mutated requests and random bytes never throw and read the same at every split", () => {
  const seeds = [
    GOLDEN,
    ...SHAPES.map(([, headers]) => `GET / HTTP/1.1\r\nHost: a\r\n${headers}\r\n`),
  ];
  const mutation = fc.record({
    seed: fc.constantFrom(...seeds),
    edits: fc.array(
      fc.record({
        at: fc.nat(400),
        kind: fc.constantFrom("set", "insert", "delete"),
        byte: fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 37, 44, 58, 63), fc.nat(255)),
      }),
      { maxLength: 6 },
    ),
  });
  fc.assert(
    fc.property(mutation, ({ seed, edits }) => {
      const bytes = [...asciiBytes(seed)];
      for (const { at, kind, byte } of edits) {
        if (kind === "set") bytes[at % bytes.length] = byte;
        else if (kind === "insert") bytes.splice(at % bytes.length, 0, byte);
        else if (bytes.length > 1) bytes.splice(at % bytes.length, 1);
      }
      assertSameAtEverySplit(Uint8Array.from(bytes), record);
    }),
    { numRuns: 400 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => assertSameAtEverySplit(bytes, record)),
  );
});

/**
 * Reads every prefix. The first prefix that is not "more" decides: with every longer one the answer is the same,
 * and so is where the next request begins.
 */
function assertSameAtEverySplit(bytes: Uint8Array, request: HttpRequest): void {
  let decided = HTTP_MORE;
  let next = -1;
  for (let end = 0; end <= bytes.length; end++) {
    const status = parseHttpRequest(request, bytes, 0, end);
    assert.ok(status >= HTTP_MORE && status < HTTP_STATUS_COUNT);
    if (decided !== HTTP_MORE) {
      assert.equal(status, decided, `with ${end} bytes`);
      if (status === HTTP_OK) assert.equal(request.nextOffset, next);
    } else if (status !== HTTP_MORE) {
      decided = status;
      next = request.nextOffset;
      if (status === HTTP_OK) assert.equal(next, end);
    }
  }
}
