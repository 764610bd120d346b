import assert from "node:assert/strict";
import { test } from "node:test";
import { OPCODE_BINARY, OPCODE_TEXT } from "@swarmtide/ws-protocol";
import { elementAt } from "./testing/element-at.ts";
import { TestTrackers } from "./testing/harness.ts";
import { clientFrame, idOf } from "./testing/test-client.ts";

const encoder = new TextEncoder();
const id = (name: string) => Buffer.from(idOf(name)).toString("latin1");
const announceText = (rest: string) =>
  `{"action":"announce","info_hash":"${id("film")}","peer_id":"${id("eve")}"${rest}}`;

/** A frame that more fragments follow. */
function unfinished(opcode: number, payload: Uint8Array): Uint8Array {
  const frame = clientFrame(opcode, payload);
  frame[0] = opcode;
  return frame;
}

/** What a client and its socket look like after it has sent these frames, and what its neighbour has heard. */
function after(...frames: readonly Uint8Array[]) {
  const trackers = new TestTrackers();
  const [eve, bob] = [trackers.connect(), trackers.connect()];
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  trackers.settle();
  bob.take();
  for (const frame of frames) eve.sendBytes(frame);
  trackers.settle();
  return { eve, bob, trackers, code: eve.closeCode, words: eve.takeWords() };
}

const text = (payload: string | Uint8Array) =>
  clientFrame(OPCODE_TEXT, typeof payload === "string" ? encoder.encode(payload) : payload);
const withByte = (payload: string, byte: number) => {
  const bytes = encoder.encode(payload);
  bytes[bytes.indexOf(0x23)] = byte;
  return bytes;
};

test("each reserved bit, each unknown opcode and a frame without a mask end the connection, 1002", () => {
  const proper = text(announceText(""));
  for (const bits of [0x10, 0x20, 0x40, 0x70]) {
    const frame = proper.slice();
    frame[0] = 0x81 | bits;
    assert.equal(after(frame).code, 1002);
  }
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
    assert.equal(after(clientFrame(opcode, new Uint8Array(0))).code, 1002);
  const unmasked = Uint8Array.of(0x81, 2, 0x7b, 0x7d);
  assert.deepEqual(after(proper, unmasked).words, ["film: 0 complete, 2 incomplete"]);
  assert.equal(after(proper, unmasked).code, 1002);
});

test("what comes after a violation is not read, and what came before counts", () => {
  const { words, code, trackers } = after(
    text(announceText("")),
    Uint8Array.of(0xff, 0xff),
    text(announceText(',"event":"stopped"')),
  );
  assert.deepEqual([words, code], [["film: 0 complete, 2 incomplete"], 1002]);
  assert.equal(elementAt(trackers.trackers, 0).tableEntries, 3, "only the neighbour is left");
});

test("a character may be cut by a fragment, and by a chunk of the stream", () => {
  const payload = encoder.encode(announceText(',"x":"é€😀"'));
  for (let cut = 0; cut <= payload.length; cut++) {
    const parts = [
      unfinished(OPCODE_TEXT, payload.subarray(0, cut)),
      clientFrame(0, payload.subarray(cut)),
    ];
    assert.deepEqual(after(...parts).words, ["film: 0 complete, 2 incomplete"], String(cut));
  }
});

test("bytes that are not UTF-8 end the connection with 1007 wherever they stand", () => {
  const places = [
    announceText(',"x":"#"'),
    announceText(',"#":1'),
    announceText(",#"),
    `#${announceText("")}`,
    `${announceText("")}#`,
    announceText(',"left":#'),
    `{"action":"#"}`,
    `{"action":"scrape","info_hash":"#"}`,
    `{"action":"scrape","info_hash":["#"]}`,
    announceText(',"offers":[{"offer":{"type":"offer","sdp":"#"}}]'),
    `${"[".repeat(200)}#`,
    "nonsense #",
  ];
  for (const place of places)
    for (const byte of [0x80, 0xc0, 0xff]) {
      const payload = withByte(place, byte);
      assert.equal(after(text(payload)).code, 1007, place);
      assert.equal(after(clientFrame(OPCODE_BINARY, payload)).code, 1007, place);
      const half = payload.length >> 1;
      const fragments = [
        unfinished(OPCODE_TEXT, payload.subarray(0, half)),
        clientFrame(0, payload.subarray(half)),
      ];
      assert.equal(after(...fragments).code, 1007, place);
    }
});

test("overlong forms, surrogates and what lies above U+10FFFF are not UTF-8", () => {
  for (const bytes of [
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xf0, 0x80, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xed, 0xb0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xe2, 0x82],
  ]) {
    const [head, tail] = announceText(',"x":"#"').split("#");
    const payload = Buffer.concat([
      encoder.encode(head),
      Uint8Array.from(bytes),
      encoder.encode(tail),
    ]);
    assert.equal(after(text(new Uint8Array(payload))).code, 1007, String(bytes));
  }
});

test("a lone surrogate written as an escape reaches the other peer byte for byte", () => {
  const offer = String.raw`{"type":"offer","sdp":"\ud800 \udc00\ud83d"}`;
  const { bob } = after(
    text(announceText(`,"offers":[{"offer":${offer},"offer_id":"${id("o1")}"}]`)),
  );
  assert.equal(bob.take("offer").length, 1);
  assert.ok(bob.texts.at(-1)?.includes(`"offer":${offer},"offer_id"`));
});

test("of a key that appears twice the last one decides: torrent, peer id, offers, and what an offer is", () => {
  const twice = after(
    text(`{"info_hash":"${id("song")}","left":0,${announceText(',"left":1').slice(1)}`),
  );
  assert.deepEqual(twice.words, ["film: 0 complete, 2 incomplete"]);
  const escaped = after(text(announceText(String.raw`,"info\u005fhash":"${id("song")}"`)));
  assert.deepEqual(escaped.words, ["song: 0 complete, 1 incomplete"]);
  assert.match(elementAt(escaped.eve.texts, 0), /"info_hash":"song\.+"/);
  const offered = (offer: string) =>
    after(text(announceText(`,"offers":[{"offer":${offer},"offer_id":"${id("o1")}"}]`)));
  const two = offered('{"type":"answer","sdp":1,"type":"offer","sdp":"b"}').bob.take("offer");
  assert.ok(two[0]?.kind === "offer" && two[0].description.sdp === "b");
  for (const offer of [
    '{"type":"offer","type":"answer","sdp":"b"}',
    '{"type":"offer","sdp":"b","sdp":2}',
  ]) {
    const { bob, words } = offered(offer);
    assert.match(elementAt(words, 0), /^failure: offers must be/);
    assert.deepEqual(bob.takeWords(), []);
  }
});

test("deep JSON is refused with an error at 33 levels, in any member, and the connection stays", () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  for (const key of ["x", "offers", "answer", "info_hash", "left", "action"]) {
    const { words, code } = after(text(`{"${key}":${nested(32)}}`));
    assert.deepEqual(words, ["failure: The message nests arrays and objects too deeply"], key);
    assert.equal(code, undefined);
  }
  assert.deepEqual(after(text(announceText(`,"x":${nested(31)}`))).words, [
    "film: 0 complete, 2 incomplete",
  ]);
});

test("a message is counted whole: fragments that together are too long end in 1009, too many in 1008", () => {
  const half = new Uint8Array(70_000).fill(0x20);
  assert.equal(after(unfinished(OPCODE_TEXT, half), clientFrame(0, half)).code, 1009);
  assert.equal(
    after(unfinished(OPCODE_TEXT, half), unfinished(0, half.subarray(0, 50_000))).code,
    undefined,
  );
  const nothing = unfinished(0, half.subarray(0, 0));
  const endless = [
    unfinished(OPCODE_TEXT, half.subarray(0, 1)),
    ...new Array<Uint8Array>(4096).fill(nothing),
  ];
  assert.equal(after(...endless).code, 1008);
});

test("control frames in a row of fragments are taken at once, and a close among them ends the connection", () => {
  const payload = encoder.encode(announceText(""));
  const first = unfinished(OPCODE_TEXT, payload.subarray(0, 9));
  const { eve, code } = after(first, clientFrame(9, Uint8Array.of(5)));
  assert.deepEqual([eve.pongs, code], [1, undefined]);
  const closed = after(
    first,
    clientFrame(8, Uint8Array.of(3, 232)),
    clientFrame(0, payload.subarray(9)),
  );
  assert.deepEqual([closed.code, closed.words], [1000, []]);
});
