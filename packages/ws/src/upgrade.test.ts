import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatUpgradeRequest,
  parseUpgradeReply,
  UPGRADE_BAD_VERSION,
  UPGRADE_MORE,
  UPGRADE_NONE,
  UPGRADE_OK,
  UPGRADE_REFUSED_ORIGIN,
} from "@swarmtide/ws-protocol";
import { answerUpgrade } from "./upgrade.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const encoder = new TextEncoder();
const answer = (text: string, allowed: readonly string[] = []) => {
  const bytes = encoder.encode(text);
  return answerUpgrade(bytes, 0, bytes.length, allowed);
};
const request = (origin?: string) =>
  formatUpgradeRequest({
    host: "t:3000",
    target: "/any?path=1",
    key: KEY,
    ...(origin === undefined ? {} : { origin }),
  });

test("a proper request on any path is accepted, with what a client expects", () => {
  const text = request("https://page.example");
  const { status, headBytes, reply, headers } = answer(text);
  assert.deepEqual([status, headBytes], [UPGRADE_OK, text.length]);
  assert.equal(headers.get("host"), "t:3000");
  const bytes = encoder.encode(reply);
  assert.equal(parseUpgradeReply(bytes, 0, bytes.length, KEY).status, UPGRADE_OK);
});

test("with an allow list only its pages and programs that are not browsers pass", () => {
  const allowed = ["https://page.example", "http://localhost:8080"];
  const status = (origin?: string) => answer(request(origin), allowed).status;
  assert.equal(status("https://page.example"), UPGRADE_OK);
  assert.equal(status("HTTPS://Page.Example"), UPGRADE_OK);
  assert.equal(status("http://localhost:8080"), UPGRADE_OK);
  assert.equal(status(undefined), UPGRADE_OK);
  for (const origin of [
    "http://page.example",
    "https://page.example.evil",
    "https://page.example:444",
    "null",
  ])
    assert.equal(status(origin), UPGRADE_REFUSED_ORIGIN, origin);
  assert.match(answer(request("null"), allowed).reply, /^HTTP\/1\.1 403 /);
});

test("half a head waits, others are refused with a whole answer", () => {
  assert.deepEqual(answer(request().slice(0, 50)).status, UPGRADE_MORE);
  assert.equal(answer(request().slice(0, 50)).reply, "");
  const plain = answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal(plain.status, UPGRADE_NONE);
  const old = answer(request().replace("Version: 13", "Version: 8"));
  assert.equal(old.status, UPGRADE_BAD_VERSION);
  for (const { reply, headBytes } of [plain, old]) {
    assert.match(reply, /^HTTP\/1\.1 426 .*\r\nConnection: close\r\n/s);
    assert.equal(headBytes, 0);
  }
});

test("sub-protocols and extensions that a client offers are not agreed to", () => {
  const offered = request().replace(
    "\r\n\r\n",
    "\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
  );
  const { status, reply } = answer(offered);
  assert.equal(status, UPGRADE_OK);
  assert.doesNotMatch(reply, /Sec-WebSocket-(Protocol|Extensions)/);
});
