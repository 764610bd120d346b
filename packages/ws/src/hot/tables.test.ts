import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { idOf } from "../testing/harness.ts";
import type { ConnectionAddress } from "./delivery.ts";
import { HashIndex, mixWord } from "./hash-index.ts";
import { hashId, IdWords } from "./id-words.ts";
import { changeRole, insertPeer, Peer, removePeer, Swarm } from "./peer.ts";
import { RandomWords } from "./random-words.ts";

test("the index does what a list of pairs does, with many of one hash and hashes that wrap around", () => {
  const hash = fc.constantFrom(0, 1, 14, 15, 16, 31, -1, -2, 0x7fffffff, 47);
  const step = fc.record({ hash, number: fc.nat(40), isInsert: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const index = new HashIndex();
      const pairs = new Map<string, { hash: number; number: number }>();
      for (const { hash, number, isInsert } of steps) {
        const key = `${hash} ${number}`;
        if (isInsert && !pairs.has(key)) {
          pairs.set(key, { hash, number });
          index.insert(hash, number);
        } else if (!isInsert && pairs.delete(key)) index.remove(hash, number);
      }
      assert.equal(index.length, pairs.size);
      for (const wanted of [0, 1, 14, 15, 16, 31, -1, -2, 0x7fffffff, 47, 99]) {
        const found: number[] = [];
        for (let place = index.first(wanted); place >= 0; place = index.next(wanted, place))
          found.push(index.numberAt(place));
        const expected = [...pairs.values()]
          .filter(({ hash }) => hash === wanted)
          .map(({ number }) => number);
        assert.deepEqual(found.sort(), expected.sort());
      }
    }),
    { numRuns: 300 },
  );
});

test("an index of many thousands grows and shrinks and finds everything", () => {
  const index = new HashIndex();
  for (let number = 0; number < 20_000; number++) index.insert(mixWord(7, number), number);
  for (let number = 0; number < 20_000; number += 1)
    if (number % 100 !== 0) index.remove(mixWord(7, number), number);
  assert.equal(index.length, 200);
  for (let number = 0; number < 20_000; number++) {
    const place = index.first(mixWord(7, number));
    assert.equal(place >= 0 && index.numberAt(place) === number, number % 100 === 0);
  }
  assert.throws(() => index.remove(12345, 1), /not in its index/);
});

test("ids as words are the bytes, and hash alike", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      fc.integer(),
      fc.nat(19),
      fc.nat(3),
      (id, secret, at, shift) => {
        const bytes = new Uint8Array(20 + shift);
        bytes.set(id, shift);
        const words = new IdWords(bytes, shift);
        assert.ok(words.equals(id, 0));
        assert.equal(words.hash(secret), hashId(secret, id, 0));
        const out = new Uint8Array(22);
        words.write(out, 1);
        assert.deepEqual(out.slice(1, 21), id);
        bytes[shift + at] ^= 1;
        assert.ok(!words.equals(bytes, shift));
        assert.notEqual(hashId(secret, bytes, shift), hashId(secret, id, 0));
      },
    ),
  );
});

test("hashes of ids that differ little spread over the places of a table", () => {
  const places = new Uint32Array(1024);
  const id = new Uint8Array(20);
  for (let index = 0; index < 65_536; index++) {
    // Only the highest four bits of four words: what defeats a sum of products.
    for (let word = 0; word < 4; word++) id[4 * word + 3] = ((index >> (4 * word)) & 15) << 4;
    places[hashId(0x1234567, id, 0) & 1023]++;
  }
  assert.ok(
    Math.max(...places) < 120 && Math.min(...places) > 20,
    `${Math.min(...places)} to ${Math.max(...places)}`,
  );
});

test("leechers stand before seeders whatever comes, goes and changes", () => {
  const address: ConnectionAddress = { worker: 0, connectionSlot: 0, connectionSerial: 0 };
  const steps = fc.array(
    fc.tuple(fc.constantFrom("in", "in", "out", "role"), fc.nat(), fc.boolean()),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const swarm = new Swarm(0, new IdWords(idOf("film"), 0), 0);
      const present: Peer[] = [];
      let made = 0;
      for (const [what, which, isSeeder] of list) {
        if (what === "in") {
          const peer = new Peer(swarm, made, ++made, address, new IdWords(idOf("p"), 0));
          peer.isSeeder = isSeeder;
          insertPeer(peer);
          present.push(peer);
        } else if (present.length > 0) {
          const peer = present[which % present.length];
          if (what === "role") changeRole(peer);
          else {
            removePeer(peer);
            present.splice(which % present.length, 1);
          }
        }
        assert.equal(swarm.peers.length, present.length);
        assert.deepEqual(new Set(swarm.peers), new Set(present));
        swarm.peers.forEach((peer, position) => {
          assert.equal(peer.position, position);
          assert.equal(peer.isSeeder, position >= swarm.leechers);
        });
      }
    }),
  );
});

test("random choices fill their range evenly", () => {
  const random = new RandomWords(Int32Array.of(0, 0, 0, 0));
  for (let round = 0; round < 100; round++) random.word();
  const seen = new Uint32Array(10);
  for (let round = 0; round < 10_000; round++) seen[random.below(10)]++;
  assert.ok(Math.min(...seen) > 850 && Math.max(...seen) < 1150, String(seen));
});
