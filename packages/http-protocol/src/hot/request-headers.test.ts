import assert from "node:assert/strict";
import { test } from "node:test";
import { asciiBytes } from "./byte-class.ts";
import { parseHttpRequest } from "./http-request.ts";
import { HTTP_BAD_HOST, HTTP_MORE, HTTP_NO_HOST, HTTP_OK, httpStatusOf } from "./parse-status.ts";
import { HttpRequest } from "./request-record.ts";

const record = new HttpRequest({ requestBytesMax: 8192, headersMax: 64 });

const parse = (text: string) => {
  const bytes = asciiBytes(text);
  return parseHttpRequest(record, bytes, 0, bytes.length);
};

test("a Host with a character that no host may have is refused with 400, however the bytes arrive", () => {
  const request = (host: string) => `GET /announce HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  for (const host of [
    ...["", "a", "tracker.example:3000", "192.0.2.1:80", "[2001:db8::1]:3000", "a_b.example"],
    ...["%41.example", "xn--bcher-kva.example", "A-Z.0-9~", "!$&'()*+,;="],
  ])
    assert.equal(parse(request(host)), HTTP_OK, host);
  for (const host of [
    ...["a b", "a/b", "http://a", "user@host", "a?b", "a#b", "a\tb", '"a"', "<a>", "a\\b", "a^b"],
    ...["a\x60b", "{a}", "a|b", "b\u00fccher.example"],
  ]) {
    assert.equal(parse(request(host)), HTTP_BAD_HOST, host);
    for (let end = 0; end < request(host).length; end++) {
      const status = parse(request(host).slice(0, end));
      assert.ok(status === HTTP_MORE || status === HTTP_BAD_HOST, `${host} ${end}`);
    }
  }
  assert.equal(httpStatusOf(HTTP_BAD_HOST), 400);
});

test("websocket may stand anywhere in the list of an Upgrade header", () => {
  const upgrades = (value: string) => {
    parse(`GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${value}\r\n\r\n`);
    return record.wantsWebSocket;
  };
  for (const value of [
    "websocket",
    "h2c, websocket",
    "WebSocket,h2c",
    "h2c ,\twebsocket , x",
    ",websocket",
    "TLS/1.0, websocket",
  ])
    assert.equal(upgrades(value), true, value);
  for (const value of [
    "",
    "h2c",
    "websockets",
    "web, socket",
    "websocket/13",
    "h2c websocket",
    ",",
    "xwebsocket",
  ])
    assert.equal(upgrades(value), false, value);
});

test("a WebSocket upgrade is seen, and only a whole one", () => {
  const upgrade = (text: string) => parse(text) === HTTP_OK && record.wantsWebSocket;
  const headers = "Host: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n";
  assert.equal(upgrade(`GET / HTTP/1.1\r\n${headers}`), true);
  assert.equal(upgrade(`GET / HTTP/1.0\r\n${headers}`), false);
  assert.equal(upgrade(`HEAD / HTTP/1.1\r\n${headers}`), false);
  assert.equal(upgrade("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"), false);
  assert.equal(upgrade("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n"), false);
});

test("Host is needed in HTTP/1.1 and not in HTTP/1.0", () => {
  assert.equal(parse("GET / HTTP/1.1\r\n\r\n"), HTTP_NO_HOST);
  assert.equal(parse("GET / HTTP/1.0\r\n\r\n"), HTTP_OK);
  assert.equal(parse("GET / HTTP/1.1\r\nhOST:\r\n\r\n"), HTTP_OK);
});

test("whether the connection goes on follows version and Connection header", () => {
  const keepAlive = (version: string, ...headers: string[]) => {
    const lines = headers.map((header) => `${header}\r\n`).join("");
    assert.equal(parse(`GET / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`), HTTP_OK);
    return record.keepAlive;
  };
  assert.equal(keepAlive("1.1"), true);
  assert.equal(keepAlive("1.1", "Connection: close"), false);
  assert.equal(keepAlive("1.1", "cONNECTION:  foo ,CLOSE"), false);
  assert.equal(keepAlive("1.1", "Connection: keep-alive", "Connection: close"), false);
  assert.equal(keepAlive("1.1", "Connection: closed"), true);
  assert.equal(keepAlive("1.0"), false);
  assert.equal(keepAlive("1.0", "Connection: Keep-Alive"), true);
  assert.equal(keepAlive("1.9"), true);
});
