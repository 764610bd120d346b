/** Serials of peers: they fit between what else the records hold, and nobody answers to a peer that had the record before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TestTrackers } from "../testing/harness.ts";
import { offerOf } from "../testing/test-client.ts";
import {
  IDENTITY_MASK,
  PEER_IDENTITY,
  PEER_MASK,
  PEER_NEXT,
  PEER_PREVIOUS,
  PEER_STATE,
  PEER_WORDS,
  SECOND_MASK,
  STATE_COMPLETED,
  STATE_OWED,
} from "./peer-layout.ts";
import { putSerial, serialAt } from "./peer-serials.ts";
import { PEERS_MAX } from "./peers.ts";

/** Joins after which the serials of 12 bits that there were came round. */
const FORMER_SERIALS = 4096;

test("the parts of the example lie where the layout says", () => {
  const words = new Int32Array(PEER_WORDS);
  putSerial(words, 0, 0x12345678);
  assert.equal(words[PEER_STATE], 0x678 << 18);
  assert.equal(words[PEER_NEXT], 0x05 << 26);
  assert.equal(words[PEER_PREVIOUS], 0x0d << 26);
  assert.equal(words[PEER_IDENTITY], 0x12 << 24);
});

test("any serial is read as it was put, and what else the words hold stays", () => {
  const masks = [
    [PEER_STATE, SECOND_MASK | STATE_COMPLETED | STATE_OWED],
    [PEER_NEXT, PEER_MASK],
    [PEER_PREVIOUS, PEER_MASK],
    [PEER_IDENTITY, IDENTITY_MASK],
  ] as const;
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(word, fc.array(word, { minLength: 4, maxLength: 4 }), (serial, held) => {
      const words = new Int32Array(3 * PEER_WORDS);
      masks.forEach(([at, mask], index) => {
        words[PEER_WORDS + at] = (held[index] ?? 0) & mask;
      });
      putSerial(words, PEER_WORDS, serial);
      assert.equal(serialAt(words, PEER_WORDS), serial);
      masks.forEach(([at, mask], index) => {
        assert.equal(words[PEER_WORDS + at] & mask, (held[index] ?? 0) & mask);
      });
      const outside = words.filter((_, at) => at < PEER_WORDS || at >= 2 * PEER_WORDS);
      assert.ok(outside.every((value) => value === 0));
    }),
  );
});

test("the references of as many peers and identities as there may be fit beside it", () => {
  assert.ok(PEERS_MAX <= PEER_MASK);
  assert.ok(Math.ceil(PEERS_MAX / 4) <= IDENTITY_MASK);
});

test("an answer to an offer of a peer that stopped reaches nobody, however often the peer has come back since", () => {
  const trackers = new TestTrackers(1, { maxMessagesPerSecond: 0 });
  const [ann, bob] = [trackers.connect(), trackers.connect()];
  bob.announce({ torrent: "film", peer: "bob", left: 1 });
  ann.announce({ torrent: "film", peer: "ann", left: 1 });
  trackers.settle();
  ann.announce({ torrent: "film", peer: "ann", offers: [offerOf("o1")] });
  trackers.settle();
  const [offer] = bob.take("offer");
  assert.ok(offer !== undefined);
  for (let joins = 1; joins <= FORMER_SERIALS; joins++) {
    ann.announce({ torrent: "film", peer: "ann", event: "stopped" });
    ann.announce({ torrent: "film", peer: "ann", left: 1 });
    trackers.settle();
    ann.take();
  }
  bob.answer("bob", offer);
  trackers.settle();
  assert.deepEqual(ann.take(), []);
});
