import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { idOf } from "../testing/harness.ts";
import type { ConnectionAddress } from "./delivery.ts";
import { HashIndex, mixWord } from "./hash-index.ts";
import { hashId, IdWords } from "./id-words.ts";
import { OfferIndex } from "./offer-index.ts";
import { changeRole, insertPeer, Peer, removePeer, Swarm } from "./peer.ts";
import { PENDING_OFFERS_MAX } from "./pending-offers.ts";
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

/** A swarm of peers that call themselves as named, with an index of their offers. */
function offerersNamed(...names: string[]) {
  const address: ConnectionAddress = { worker: 0, connectionSlot: 0, connectionSerial: 0 };
  const swarm = new Swarm(0, new IdWords(idOf("film"), 0), 0);
  const peers = names.map(
    (name, slot) => new Peer(swarm, slot, slot + 1, address, new IdWords(idOf(name), 0)),
  );
  const index = new OfferIndex(7, peers);
  /** What the one that answers says: an offer of `name`. */
  const take = (name: string, offer: string | number, receiver: number, now: number) => {
    const ids = new Uint8Array(40);
    ids.set(idOf(name));
    ids.set(idOf(offer), 20);
    return index.take(ids, 0, 20, receiver, now);
  };
  return { peers, index, take };
}

test("an offer is taken once, by whom it was made to, from who made it, before it expires", () => {
  const { peers, index, take } = offerersNamed("ann", "bob");
  const [ann, bob] = peers;
  index.insert(ann, idOf("o1"), 0, 7, 100, 150);
  index.insert(ann, idOf("o1"), 0, 8, 100, 150);
  index.insert(bob, idOf("o1"), 0, 7, 100, 150);
  assert.equal(take("ann", "o1", 9, 100), undefined);
  assert.equal(take("ann", "o2", 7, 100), undefined);
  assert.equal(take("ann", "o1x", 7, 100), undefined);
  assert.equal(take("eve", "o1", 7, 100), undefined);
  assert.equal(take("ann", "o1", 7, 149), ann);
  assert.equal(take("ann", "o1", 7, 149), undefined);
  assert.equal(take("ann", "o1", 8, 150), undefined);
  assert.equal(take("bob", "o1", 7, 149), bob);
  assert.equal(index.length, 0);
});

test("the newest 64 offers of a peer are remembered; the ring grows only while they are alive", () => {
  const { peers, index, take } = offerersNamed("slow", "flood");
  const [slow, flood] = peers;
  for (let offer = 0; offer < 100; offer++) {
    index.insert(slow, idOf(offer), 0, 1, offer * 10, offer * 10 + 100);
    assert.equal(slow.offers?.capacity, 16, "ten alive at a time");
  }
  for (let offer = 0; offer < 200; offer++)
    assert.equal(index.insert(flood, idOf(offer), 0, 1, 0, 1000), offer < PENDING_OFFERS_MAX);
  assert.equal(flood.offers?.capacity, PENDING_OFFERS_MAX);
  assert.equal(index.length, 16 + PENDING_OFFERS_MAX);
  for (let offer = 0; offer < 200; offer++)
    assert.equal(
      take("flood", offer, 1, 0),
      offer >= 200 - PENDING_OFFERS_MAX ? flood : undefined,
      String(offer),
    );
});

test("growing keeps every offer that is alive", () => {
  const { peers, index, take } = offerersNamed("ann");
  for (let offer = 0; offer < 60; offer++) index.insert(peers[0], idOf(offer), 0, 1, 0, 1000);
  for (let offer = 0; offer < 60; offer++)
    assert.equal(take("ann", offer, 1, 0), peers[0], String(offer));
});

test("thousands under one peer id hide nobody's offer, and leave nothing behind", () => {
  const { peers, index, take } = offerersNamed(...Array.from({ length: 5000 }, () => "ann"));
  peers.forEach((peer, number) => {
    index.insert(peer, idOf(number), 0, 1, 0, 1000);
  });
  for (const number of [0, 2500, 4999]) assert.equal(take("ann", number, 1, 0), peers[number]);
  for (const peer of peers) index.remove(peer);
  assert.equal(index.length, 0);
});

test("the same offer again, by one of the same id, takes the place of the former", () => {
  const { peers, index, take } = offerersNamed("ann", "ann");
  for (let round = 0; round < 1000; round++) index.insert(peers[round % 2], idOf("o"), 0, 1, 0, 9);
  assert.equal(index.length, 1);
  assert.equal(take("ann", "o", 1, 0), peers[1]);
  assert.equal(index.length, 0);
});

test("random choices fill their range evenly", () => {
  const random = new RandomWords(Int32Array.of(0, 0, 0, 0));
  for (let round = 0; round < 100; round++) random.word();
  const seen = new Uint32Array(10);
  for (let round = 0; round < 10_000; round++) seen[random.below(10)]++;
  assert.ok(Math.min(...seen) > 850 && Math.max(...seen) < 1150, String(seen));
});
