import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ANNOUNCE,
  ANSWER,
  encoder,
  name,
  OFFER,
  parse,
  parseJson,
  request,
  slice,
} from "../testing/request-reader.ts";
import { LEFT_NOTHING, LEFT_SOMETHING, LEFT_UNKNOWN } from "./request-record.ts";
import * as status from "./request-status.ts";

test("ids longer or shorter than 20 characters, or above 255, are refused", () => {
  for (const bad of [
    name(1).slice(1),
    `${name(1)}x`,
    "",
    `${name(1).slice(1)}€`,
    null,
    5,
    [],
    {},
  ]) {
    assert.equal(parseJson({ ...ANNOUNCE, info_hash: bad }), status.REQUEST_BAD_INFO_HASH);
    assert.equal(parseJson({ ...ANNOUNCE, peer_id: bad }), status.REQUEST_BAD_PEER_ID);
    assert.equal(
      parseJson({ ...ANNOUNCE, ...ANSWER, to_peer_id: bad }),
      status.REQUEST_BAD_TO_PEER_ID,
    );
    assert.equal(parseJson({ ...ANNOUNCE, ...ANSWER, offer_id: bad }), status.REQUEST_BAD_OFFER_ID);
    // An offer without an id is left out.
    assert.equal(
      parseJson({ ...ANNOUNCE, offers: [{ ...OFFER, offer_id: bad }] }),
      bad === null ? status.REQUEST_ANNOUNCE : status.REQUEST_BAD_OFFERS,
    );
  }
});

test("left says seeder or leecher; a string may hold the number, and what is not a number says nothing", () => {
  const left = (text: string) => {
    const found = parse(
      `{"action":"announce","info_hash":"${"a".repeat(20)}","peer_id":"${"b".repeat(20)}","left":${text}}`,
    );
    return found === status.REQUEST_ANNOUNCE ? request.left : -found;
  };
  for (const text of ["0", "-0", "0.0", "0e9", "1e-400", '"0"', '"0.0"'])
    assert.equal(left(text), LEFT_NOTHING, text);
  for (const text of ["1", "1e3", "5.0", "0.5", "123456789012345678901", '"1"', '"1e3"'])
    assert.equal(left(text), LEFT_SOMETHING, text);
  for (const text of [
    "null",
    "-1",
    '"-1"',
    "true",
    "[]",
    "{}",
    "1e400",
    '""',
    '"all"',
    '"0x"',
    '" 1"',
  ])
    assert.equal(left(text), LEFT_UNKNOWN, text);
});

test("numwant is a number or a string that holds one; what is not a number, or a negative one, sets no limit", () => {
  const numwant = (value: unknown) =>
    parseJson({ ...ANNOUNCE, numwant: value }) === status.REQUEST_ANNOUNCE ? request.numwant : NaN;
  assert.deepEqual([0, 5, "5", 2.9, 1e99].map(numwant), [0, 5, 5, 2, 0x7fffffff]);
  for (const value of [null, -1, "-1", "", "many", "5x", true, [], {}])
    assert.equal(numwant(value), -1, JSON.stringify(value));
});

test("events are BEP 15's; update, the empty one and those that nobody knows mean none", () => {
  const event = (value: unknown) =>
    parseJson({ ...ANNOUNCE, event: value }) === status.REQUEST_ANNOUNCE ? request.event : -1;
  assert.deepEqual(
    ["started", "completed", "stopped", "paused", "update", "", null].map(event),
    [2, 1, 3, 4, 0, 0, 0],
  );
  assert.equal(request.isEventUnknown, false);
  for (const unknown of ["empty", 1, true, [], "started ", "dance"]) {
    assert.equal(event(unknown), 0, JSON.stringify(unknown));
    assert.equal(request.isEventUnknown, true);
  }
});

test("events count in any letter case, plain or escaped", () => {
  const event = (text: string) =>
    parse(
      `{"action":"announce","info_hash":"${"a".repeat(20)}","peer_id":"${"b".repeat(20)}","event":"${text}"}`,
    ) === status.REQUEST_ANNOUNCE
      ? request.event
      : -1;
  assert.deepEqual(
    ["Started", "COMPLETED", "sToPpEd", "Paused", "UPDATE"].map(event),
    [2, 1, 3, 4, 0],
  );
  assert.equal(request.isEventUnknown, false);
  assert.equal(event("\\u0053topped"), 3);
  for (const other of ["ſtarted", "STOP", "Stopped "]) {
    assert.equal(event(other), 0, other);
    assert.equal(request.isEventUnknown, true, other);
  }
});

test("of a key that appears twice the last one counts, as with JSON.parse", () => {
  const base = `"action":"announce","info_hash":"${"a".repeat(20)}","peer_id":"${"b".repeat(20)}"`;
  assert.equal(parse(`{${base},"left":"bad","left":0}`), status.REQUEST_ANNOUNCE);
  assert.equal(request.left, LEFT_NOTHING);
  assert.equal(parse(`{${base},"left":0,"left":null}`), status.REQUEST_ANNOUNCE);
  assert.equal(request.left, LEFT_UNKNOWN);
  assert.equal(parse(`{${base},"left":0,"left":"bad"}`), status.REQUEST_ANNOUNCE);
  assert.equal(request.left, LEFT_UNKNOWN);
  assert.equal(parse(`{${base},"event":"stopped","event":"dance"}`), status.REQUEST_ANNOUNCE);
  assert.deepEqual([request.event, request.isEventUnknown], [0, true]);
  assert.equal(parse(`{${base},"event":"dance","event":null}`), status.REQUEST_ANNOUNCE);
  assert.equal(request.isEventUnknown, false);
  const offer = JSON.stringify(OFFER);
  assert.equal(
    parse(`{${base},"offers":[${offer},${offer}],"offers":[${offer}]}`),
    status.REQUEST_ANNOUNCE,
  );
  assert.equal(request.offers, 1);
  assert.equal(parse(`{${base},"offers":[${offer}],"offers":null}`), status.REQUEST_ANNOUNCE);
  assert.equal(request.offers, 0);
  assert.equal(parse(`{"action":"scrape",${base}}`), status.REQUEST_ANNOUNCE);
  assert.equal(parse(`{${base},"\\u0061ction":"scrape"}`), status.REQUEST_SCRAPE);
});

test("a lone surrogate is passed on in an SDP and refused in an id", () => {
  const base = `"action":"announce","info_hash":"${"a".repeat(20)}","peer_id":"${"b".repeat(20)}"`;
  const offer = `{"type":"offer","sdp":"\\ud800"}`;
  assert.equal(
    parse(`{${base},"offers":[{"offer":${offer},"offer_id":"${"c".repeat(20)}"}]}`),
    status.REQUEST_ANNOUNCE,
  );
  assert.equal(slice(request.offerRanges[0], request.offerRanges[1]), offer);
  assert.equal(
    parse(`{${base},"offers":[{"offer":${offer},"offer_id":"\\ud800${"c".repeat(19)}"}]}`),
    status.REQUEST_BAD_OFFERS,
  );
});

test("an id may stand at the very end of a message, and at no byte beyond", () => {
  for (const literal of [
    `"${"a".repeat(20)}"`,
    `"${"é".repeat(20)}"`,
    `"${"\\u00e9".repeat(20)}"`,
    `"${"\\n".repeat(20)}"`,
  ]) {
    assert.equal(parse(`{"action":"scrape","info_hash":[${literal}]}`), status.REQUEST_SCRAPE);
    const text = `{"action":"scrape","info_hash":${literal}}`;
    assert.equal(parse(text), status.REQUEST_SCRAPE);
    const bytes = encoder.encode(text);
    for (let length = bytes.length - 125; length < bytes.length; length++)
      if (length >= 0) assert.notEqual(request.read(bytes, 0, length), status.REQUEST_SCRAPE);
  }
});
