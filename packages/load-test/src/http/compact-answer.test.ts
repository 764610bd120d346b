import assert from "node:assert/strict";
import { test } from "node:test";
import { readAnnounceReply } from "@swarmtide/http-protocol";
import fc from "fast-check";
import { CompactAnswer } from "./compact-answer.ts";

const PEERS = "\x7f\x00\x00\x01\x1a\xe1\x7f\x00\x00\x02\x1a\xe2";
const ANSWER = `d8:completei5e10:incompletei50e8:intervali900e5:peers12:${PEERS}e`;
const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

test("the peers of an answer are found where they lie", () => {
  const answer = new CompactAnswer();
  assert.ok(answer.read(bytesOf(ANSWER)));
  const peers = bytesOf(ANSWER).toString("latin1", answer.peersStart, answer.peersEnd);
  assert.equal(peers, PEERS);
  assert.ok(answer.read(bytesOf("d8:intervali900e12:min intervali-1ee")));
  assert.equal(answer.peersStart, answer.peersEnd);
  assert.ok(answer.read(bytesOf("d8:intervali9e5:peers0:6:peers60:e")));
});

for (const [what, text] of [
  ["is cut", ANSWER.slice(0, -1)],
  ["has something behind it", `${ANSWER}e`],
  ["refuses", "d14:failure reason2:noe"],
  ["has no interval", "d5:peers0:e"],
  ["has keys out of order", "d5:peers0:8:intervali9ee"],
  ["has a key twice", "d8:intervali9e8:intervali9ee"],
  ["has half a peer", "d8:intervali9e5:peers3:abce"],
  ["has a list of peers", "d8:intervali9e5:peerslee"],
  ["has a number with a zero before it", "d8:intervali09ee"],
  ["has minus zero", "d8:intervali-0ee"],
  ["has a length with a zero before it", "d08:intervali9ee"],
  ["has IPv6 peers", "d8:intervali9e6:peers61:xe"],
  ["is no dictionary", "i9e"],
  ["is empty", ""],
] as const)
  test(`an answer that ${what} is left to the other reader`, () => {
    assert.ok(!new CompactAnswer().read(bytesOf(text)));
  });

test("what is read here the other reader reads as well, with as many peers", () => {
  const answer = new CompactAnswer();
  let read = 0;
  const change = fc.tuple(fc.nat(ANSWER.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
      const bytes = bytesOf(ANSWER);
      for (const [at, byte] of changes) bytes[at] = byte;
      if (!answer.read(bytes)) return;
      read++;
      const reply = readAnnounceReply(bytes);
      assert.equal(reply.failureReason, undefined);
      assert.equal(reply.peers.length, (answer.peersEnd - answer.peersStart) / 6);
    }),
    { numRuns: 3000 },
  );
  assert.ok(read > 100);
});
