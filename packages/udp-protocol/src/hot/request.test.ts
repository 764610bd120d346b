import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UDP_STATUS_NAMES } from "../error-messages.ts";
import * as request from "./request.ts";
import { parseUdpRequest } from "./request.ts";

const hex = (...parts: string[]) =>
  Uint8Array.from(Buffer.from(parts.join("").replace(/ /g, ""), "hex"));

const CONNECT = hex(
  "00000417 27101980", // the protocol's fixed number
  "00000000", // action: connect
  "cafebabe", // transaction id
);

const ANNOUNCE = hex(
  "0123456789abcdef", // connection id
  "00000001", // action: announce
  "cafebabe", // transaction id
  "000102030405060708090a0b0c0d0e0f10111213", // info hash
  "2d5452343036302d303132333435363738396162", // peer id "-TR4060-0123456789ab"
  "0000000000000001", // downloaded
  "0000000100000000", // left: 2^32, so its lower half is zero
  "0000000000000003", // uploaded
  "00000002", // event: started
  "c0000201", // address 192.0.2.1
  "12345678", // key
  "ffffffff", // peers wanted: -1
  "1ae1", // port 6881
);

const SCRAPE = hex(
  "0123456789abcdef", // connection id
  "00000002", // action: scrape
  "cafebabe", // transaction id
  "000102030405060708090a0b0c0d0e0f10111213", // first info hash
  "ffffffffffffffffffffffffffffffffffffffff", // second info hash
);

const parse = (bytes: Uint8Array) => parseUdpRequest(bytes, 0, bytes.length);
const changed = (bytes: Uint8Array, at: number, value: string) => {
  const copy = bytes.slice();
  copy.set(hex(value), at);
  return copy;
};
const extended = (bytes: Uint8Array, more: string) => Uint8Array.from([...bytes, ...hex(more)]);

test("a connect request is recognised, and bytes behind it are ignored", () => {
  assert.equal(parse(CONNECT), request.UDP_CONNECT);
  assert.equal(parse(extended(CONNECT, "00ff")), request.UDP_CONNECT);
  assert.equal(request.readTransactionId(CONNECT, 0), 0xcafebabe | 0);
});

test("an announce is recognised and every field is read", () => {
  assert.equal(parse(ANNOUNCE), request.UDP_ANNOUNCE);
  assert.equal(request.readConnectionIdHigh(ANNOUNCE, 0), 0x01234567);
  assert.equal(request.readConnectionIdLow(ANNOUNCE, 0), 0x89abcdef | 0);
  assert.equal(request.readTransactionId(ANNOUNCE, 0), 0xcafebabe | 0);
  assert.equal(ANNOUNCE[request.ANNOUNCE_INFO_HASH_OFFSET + 19], 0x13);
  assert.equal(ANNOUNCE[request.ANNOUNCE_PEER_ID_OFFSET], 0x2d);
  assert.equal(request.readAnnounceEvent(ANNOUNCE, 0), 2);
  assert.equal(request.readAnnouncePeersWanted(ANNOUNCE, 0), -1);
  assert.equal(request.readAnnouncePort(ANNOUNCE, 0), 6881);
  assert.equal(request.readAnnouncePortBytes(ANNOUNCE, 0), 0xe11a);
  assert.equal(request.readInt32(ANNOUNCE, request.ANNOUNCE_KEY_OFFSET), 0x12345678);
});

test("nothing is left when all eight bytes are zero, and unknown is all of them set", () => {
  const readLeft = (left: string) => {
    const bytes = new Uint8Array(4 + 100);
    bytes.set(changed(ANNOUNCE, request.ANNOUNCE_LEFT_OFFSET, left), 4);
    return request.readAnnounceLeft(new Int32Array(bytes.buffer), 4);
  };
  assert.equal(readLeft("0000000000000000"), 0);
  assert.equal(readLeft("ffffffffffffffff"), -1);
  const something = [
    "0000000100000000",
    "0000000000000001",
    "8000000000000000",
    "fffffffffffffffe",
    "ffffffff00000000",
    "00000000ffffffff",
  ];
  for (const left of something) assert.equal(readLeft(left), 1, left);
});

test("an announce is told by its action and its length, before it is parsed", () => {
  assert.equal(request.isAnnounceRequest(ANNOUNCE, 0, ANNOUNCE.length), true);
  assert.equal(request.isAnnounceRequest(ANNOUNCE, 0, 97), false);
  const scrape = changed(ANNOUNCE, request.REQUEST_ACTION_OFFSET, "00000002");
  assert.equal(request.isAnnounceRequest(scrape, 0, scrape.length), false);
});

test("an announce may be followed by options, by nonsense, by a cut off option", () => {
  for (const more of ["00", "01", "0203616263", "02ff61", "02", "ffffffffffffffff"])
    assert.equal(parse(extended(ANNOUNCE, more)), request.UDP_ANNOUNCE, more);
});

test("the five events are read, paused among them; any other number counts as none and has an outcome of its own", () => {
  const withEvent = (event: string) => changed(ANNOUNCE, request.ANNOUNCE_EVENT_OFFSET, event);
  for (const [number, event] of [
    "00000000",
    "00000001",
    "00000002",
    "00000003",
    "00000004",
  ].entries()) {
    assert.equal(parse(withEvent(event)), request.UDP_ANNOUNCE, event);
    assert.equal(request.readAnnounceEvent(withEvent(event), 0), number);
  }
  for (const event of ["00000005", "00000100", "01000002", "ffffffff", "80000000", "7fffffff"]) {
    assert.equal(parse(withEvent(event)), request.UDP_ANNOUNCE_UNKNOWN_EVENT, event);
    assert.equal(request.readAnnounceEvent(withEvent(event), 0), 0);
  }
});

test("port 0 is an error that may be sent, whatever the event", () => {
  const portZero = changed(ANNOUNCE, request.ANNOUNCE_PORT_OFFSET, "0000");
  assert.equal(parse(portZero), request.UDP_ERROR_PORT_ZERO);
  const wrongToo = changed(portZero, request.ANNOUNCE_EVENT_OFFSET, "00000009");
  assert.equal(parse(wrongToo), request.UDP_ERROR_PORT_ZERO);
  for (const port of ["0001", "0100", "ffff"])
    assert.equal(
      parse(changed(ANNOUNCE, request.ANNOUNCE_PORT_OFFSET, port)),
      request.UDP_ANNOUNCE,
    );
});

test("a connect request with another number is dropped, whichever bit differs", () => {
  for (let bit = 0; bit < 64; bit++) {
    const wrong = CONNECT.slice();
    wrong[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(parse(wrong), request.UDP_DROP_CONNECT_MAGIC, `bit ${bit}`);
  }
});

test("an unknown action is dropped, whichever of its four bytes makes it so", () => {
  for (const action of [
    "00000003",
    "00000004",
    "000000ff",
    "00000100",
    "00010001",
    "01000002",
    "ffffffff",
  ])
    for (const packet of [CONNECT, ANNOUNCE, SCRAPE])
      assert.equal(parse(changed(packet, 8, action)), request.UDP_DROP_ACTION, action);
});

test("a scrape has one or more whole info hashes; none or a part of one are errors that may be sent", () => {
  assert.equal(parse(SCRAPE), request.UDP_SCRAPE);
  assert.equal(request.scrapeInfoHashCount(SCRAPE.length), 2);
  assert.equal(parse(SCRAPE.subarray(0, 36)), request.UDP_SCRAPE);
  assert.equal(parse(SCRAPE.subarray(0, 16)), request.UDP_ERROR_FULL_SCRAPE);
  for (const length of [17, 35, 37, 55])
    assert.equal(parse(SCRAPE.subarray(0, length)), request.UDP_ERROR_SCRAPE_LIST, `${length}`);
  const large = new Uint8Array(16 + 20 * 3000);
  large.set(SCRAPE.subarray(0, 16));
  assert.equal(parse(large), request.UDP_SCRAPE);
  assert.equal(request.scrapeInfoHashCount(large.length), 3000);
});

test("every truncation of every message has its outcome", () => {
  for (let length = 0; length < 16; length++)
    for (const packet of [CONNECT, ANNOUNCE, SCRAPE])
      assert.equal(parse(packet.subarray(0, length)), request.UDP_DROP_SHORT, `${length}`);
  for (let length = 16; length < 98; length++)
    assert.equal(parse(ANNOUNCE.subarray(0, length)), request.UDP_DROP_ANNOUNCE_SHORT, `${length}`);
});

test("nothing outside offset and length is looked at, wherever in the buffer the request lies", () => {
  const outcomes: [Uint8Array, number][] = [
    [CONNECT, request.UDP_CONNECT],
    [ANNOUNCE, request.UDP_ANNOUNCE],
    [SCRAPE, request.UDP_SCRAPE],
  ];
  for (const [packet, outcome] of outcomes)
    for (const filler of [0x00, 0xff])
      for (const offset of [0, 1, 64, 193]) {
        const buffer = new Uint8Array(offset + packet.length + 7).fill(filler);
        buffer.set(packet, offset);
        assert.equal(parseUdpRequest(buffer, offset, packet.length), outcome);
        assert.equal(parseUdpRequest(buffer, offset, 15), request.UDP_DROP_SHORT);
      }
});

test("random and mutated bytes of every length have one of the known outcomes and never throw", () => {
  const action = fc.constantFrom(0, 1, 2, 3, 0x100, 0xffffffff);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 260 }), action, fc.boolean(), (bytes, number, magic) => {
      if (bytes.length >= 12) new DataView(bytes.buffer).setUint32(8, number);
      if (magic && bytes.length >= 12) bytes.set(CONNECT.subarray(0, 8));
      const status = parse(bytes);
      assert.ok(status >= 0 && status < request.UDP_STATUS_COUNT);
      if (status < request.UDP_DROP_SHORT) assert.ok(bytes.length >= 16);
    }),
    { numRuns: 5000 },
  );
});

test("every outcome has a name of its own, so that statistics can count it", () => {
  assert.equal(UDP_STATUS_NAMES.length, request.UDP_STATUS_COUNT);
  assert.equal(new Set(UDP_STATUS_NAMES).size, request.UDP_STATUS_COUNT);
  assert.equal(UDP_STATUS_NAMES[request.UDP_ERROR_SCRAPE_LIST], "error_scrape_list");
  assert.equal(UDP_STATUS_NAMES[request.UDP_DROP_ANNOUNCE_SHORT], "drop_announce_short");
});
