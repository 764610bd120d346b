import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { idOf } from "../testing/harness.ts";
import type { ConnectionAddress } from "./delivery.ts";
import { HashIndex, mixWord } from "./hash-index.ts";
import { hashId, IdWords } from "./id-words.ts";
import { changeRole, insertPeer, Peer, removePeer, Swarm } from "./peer.ts";
import { PeersById } from "./peers-by-id.ts";
import { PENDING_OFFERS_MAX, PendingOffers } from "./pending-offers.ts";
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

test("an offer is taken once, by whom it was made to, before it expires", () => {
  const offers = new PendingOffers();
  offers.insert(idOf("o1"), 0, 7, 100, 150);
  offers.insert(idOf("o1"), 0, 8, 100, 150);
  assert.equal(offers.take(idOf("o1"), 0, 9, 100), false);
  assert.equal(offers.take(idOf("o2"), 0, 7, 100), false);
  assert.equal(offers.take(idOf("o1x"), 0, 7, 100), false);
  assert.equal(offers.take(idOf("o1"), 0, 7, 149), true);
  assert.equal(offers.take(idOf("o1"), 0, 7, 149), false);
  assert.equal(offers.take(idOf("o1"), 0, 8, 150), false);
});

test("the newest 64 offers of a peer are remembered; the ring grows only while they are alive", () => {
  const offers = new PendingOffers();
  for (let index = 0; index < 100; index++) {
    offers.insert(idOf(index), 0, 1, index * 10, index * 10 + 100);
    assert.equal(offers.capacity, 16, "ten alive at a time");
  }
  const flood = new PendingOffers();
  for (let index = 0; index < 200; index++)
    assert.equal(flood.insert(idOf(index), 0, 1, 0, 1000), index < PENDING_OFFERS_MAX);
  assert.equal(flood.capacity, PENDING_OFFERS_MAX);
  for (let index = 0; index < 200; index++)
    assert.equal(
      flood.take(idOf(index), 0, 1, 0),
      index >= 200 - PENDING_OFFERS_MAX,
      String(index),
    );
});

test("growing keeps every offer that is alive", () => {
  const offers = new PendingOffers();
  for (let index = 0; index < 60; index++) offers.insert(idOf(index), 0, 1, 0, 1000);
  for (let index = 0; index < 60; index++)
    assert.equal(offers.take(idOf(index), 0, 1, 0), true, String(index));
});

test("random choices fill their range evenly", () => {
  const random = new RandomWords(Int32Array.of(0, 0, 0, 0));
  for (let round = 0; round < 100; round++) random.word();
  const seen = new Uint32Array(10);
  for (let round = 0; round < 10_000; round++) seen[random.below(10)]++;
  assert.ok(Math.min(...seen) > 850 && Math.max(...seen) < 1150, String(seen));
});

test("peers of one id are found together, whoever of them came first or goes first", () => {
  const address: ConnectionAddress = { worker: 0, connectionSlot: 0, connectionSerial: 0 };
  const swarms = [0, 1].map((slot) => new Swarm(slot, new IdWords(idOf(`t${slot}`), 0), 0));
  const names = ["ann", "bob"];
  const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(1), fc.nat(1), fc.nat()), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const slots: (Peer | undefined)[] = [];
      const byId = new PeersById(7, slots);
      const present: { peer: Peer; key: string }[] = [];
      for (const [isIn, swarm, name, which] of list) {
        if (isIn) {
          const id = idOf(names[name]);
          const slot = slots.length;
          const peer = new Peer(swarms[swarm], slot, slot + 1, address, new IdWords(id, 0));
          slots.push(peer);
          byId.insert(peer, id, 0);
          present.push({ peer, key: `${swarm} ${name}` });
        } else if (present.length > 0) {
          const [{ peer }] = present.splice(which % present.length, 1);
          byId.remove(peer);
          slots[peer.slot] = undefined;
        }
        assert.equal(byId.length, new Set(present.map(({ key }) => key)).size);
        for (const swarm of [0, 1])
          for (const name of [0, 1]) {
            const found: Peer[] = [];
            let peer = byId.first(swarms[swarm], idOf(names[name]), 0);
            for (; peer !== undefined; peer = peer.sameIdNext) found.push(peer);
            const wanted = present.filter(({ key }) => key === `${swarm} ${name}`);
            assert.deepEqual(new Set(found), new Set(wanted.map((one) => one.peer)));
            assert.equal(found.length, wanted.length);
          }
      }
    }),
  );
});
