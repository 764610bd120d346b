import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asciiBytes } from "./byte-class.ts";
import {
  HttpResponse,
  parseHttpResponse,
  RESPONSE_BAD,
  RESPONSE_MORE,
  RESPONSE_OK,
} from "./http-response.ts";

const response = new HttpResponse();
const parse = (text: string) => parseHttpResponse(response, asciiBytes(text), 0, text.length);

const GOLDEN = "HTTP/1.1 200 OK\r\nContent-Length:   42\r\nServer: x\r\n\r\n";

test("a golden head is read, every truncation asks for more", () => {
  for (let end = 0; end < GOLDEN.length; end++)
    assert.equal(parse(GOLDEN.slice(0, end)), RESPONSE_MORE, `at ${end}`);
  assert.equal(parse(`${GOLDEN}body`), RESPONSE_OK);
  assert.equal(response.status, 200);
  assert.equal(response.contentLength, 42);
  assert.equal(response.keepAlive, true);
  assert.equal(response.bodyStart, GOLDEN.length);
});

test("the padded length of aquatic is read", () => {
  assert.equal(parse("HTTP/1.1 200 OK\r\nContent-Length: 73      \r\n\r\n"), RESPONSE_OK);
  assert.equal(response.contentLength, 73);
});

test("a length is kept only for its own response", () => {
  assert.equal(parse(GOLDEN), RESPONSE_OK);
  assert.equal(parse("HTTP/1.0 200 OK\r\n\r\n"), RESPONSE_OK);
  assert.equal(response.contentLength, -1);
  assert.equal(response.keepAlive, false);
});

test("Connection and Transfer-Encoding are seen", () => {
  assert.equal(parse("HTTP/1.1 404 Not Found\r\nconnection: Close\r\n\r\n"), RESPONSE_OK);
  assert.deepEqual([response.status, response.keepAlive], [404, false]);
  assert.equal(
    parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"),
    RESPONSE_OK,
  );
  assert.deepEqual([response.hasTransferEncoding, response.keepAlive], [true, true]);
});

test("heads of another form are refused", () => {
  for (const text of [
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\n\r\n",
    "HTTP/1.1-200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\n\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
  ])
    assert.equal(parse(text), RESPONSE_BAD, JSON.stringify(text));
});

test("random bytes never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (noise, withLine) => {
      const bytes = withLine
        ? Uint8Array.from([...asciiBytes("HTTP/1.1 200 OK\r\n"), ...noise])
        : noise;
      const status = parseHttpResponse(response, bytes, 0, bytes.length);
      assert.ok([RESPONSE_MORE, RESPONSE_OK, RESPONSE_BAD].includes(status));
    }),
    { numRuns: 1000 },
  );
});
