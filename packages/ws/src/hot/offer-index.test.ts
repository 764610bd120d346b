import assert from "node:assert/strict";
import { test } from "node:test";
import { PEER_ID_AT, RequestRecord } from "@swarmtide/ws-protocol";
import { idOf } from "../testing/test-client.ts";
import type { ConnectionAddress } from "./delivery.ts";
import { OfferIndex } from "./offer-index.ts";
import { OFFER_BYTES } from "./offer-layout.ts";
import { Peers } from "./peers.ts";

const address = (connectionSlot: number): ConnectionAddress => ({
  worker: 0,
  connectionSlot,
  connectionSerial: connectionSlot + 100,
});

/** A torrent of peers that call themselves as named, each with a connection, and an index of their offers. */
function offerersNamed(offersMax: number, ...names: string[]) {
  const table = new Peers(7, 1, 4_000_000);
  const torrent = table.torrents.insert(idOf("film"), 0);
  const request = new RequestRecord(0, 0);
  const enter = (name: string, slot: number) => {
    request.ids.set(idOf(name), PEER_ID_AT);
    return table.insert(torrent, address(slot), request, false, 0);
  };
  const peers = names.map(enter);
  const index = new OfferIndex(7, table, offersMax * (OFFER_BYTES + 8));
  const insert = (
    peer: number,
    offerId: Uint8Array,
    at: number,
    receiver: ConnectionAddress,
    now: number,
    expiry: number,
  ) => {
    index.begin(peer, now, expiry);
    index.add(offerId, at, receiver);
    return index.end() === 0;
  };
  const hasShare = (peer: number) => {
    index.begin(peer, 0, 0);
    return index.hasShare();
  };
  /** What the connection in a slot says: an answer to an offer of `name`; the peer that made it, or undefined. */
  const take = (name: string, offer: string | number, slot: number, now: number) => {
    const ids = new Uint8Array(40);
    ids.set(idOf(name));
    ids.set(idOf(offer), 20);
    return index.take(ids, 0, 20, torrent, address(slot), now) || undefined;
  };
  return { table, enter, peers, index, insert, hasShare, take };
}

test("an offer is taken once, by whom it was made to, from who made it, before it expires", () => {
  const { peers, index, insert, take } = offerersNamed(1000, "ann", "bob");
  const [ann, bob] = peers;
  insert(ann, idOf("o1"), 0, address(7), 100, 150);
  insert(ann, idOf("o1"), 0, address(8), 100, 150);
  insert(bob, idOf("o1"), 0, address(7), 100, 150);
  assert.equal(take("ann", "o1", 9, 100), undefined);
  assert.equal(take("ann", "o2", 7, 100), undefined);
  assert.equal(take("ann", "o1x", 7, 100), undefined);
  assert.equal(take("eve", "o1", 7, 100), undefined);
  assert.equal(take("ann", "o1", 7, 149), ann);
  assert.equal(take("ann", "o1", 7, 149), undefined);
  assert.equal(index.wasAnswered, true);
  assert.equal(take("bob", "o1", 7, 149), bob);
  assert.equal(take("ann", "o1", 8, 150), undefined);
  assert.equal(index.wasAnswered, false);
  assert.equal(index.length, 0);
});

test("an offer whose maker has left leads to nobody, nor to who has its place, and goes when it expires", () => {
  const { table, enter, peers, index, insert, take } = offerersNamed(1000, "ann", "bob");
  insert(peers[0], idOf("o1"), 0, address(7), 100, 150);
  table.remove(peers[0]);
  assert.equal(enter("ann", 0), peers[0], "the same record");
  assert.equal(take("ann", "o1", 7, 101), undefined);
  assert.equal(index.length, 1);
  index.expire(150);
  assert.equal(index.length, 0);
});

test("ten thousand offers wait for their answers, in any order, and their memory is let go when they expire", () => {
  const { peers, index, insert, take } = offerersNamed(200_000, "ann");
  const empty = index.bytes;
  for (let offer = 0; offer < 10_000; offer++)
    assert.ok(insert(peers[0], idOf(offer), 0, address(1), 0, 1000));
  assert.ok(index.bytes >= 10_000 * OFFER_BYTES);
  for (let offer = 0; offer < 10_000; offer++)
    assert.equal(take("ann", (offer * 7919) % 10_000, 1, 0), peers[0], String(offer));
  index.expire(1000);
  assert.deepEqual([index.length, index.bytes], [0, empty]);
});

test("beyond the budget the oldest offer gives way, and a connection has a sixteenth of it", () => {
  const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
  const { peers, index, insert, hasShare, take } = offerersNamed(1600, ...names);
  for (let offer = 0; offer < 100; offer++) {
    assert.equal(hasShare(peers[0]), true);
    insert(peers[0], idOf(offer), 0, address(99), 0, 1000);
  }
  assert.equal(hasShare(peers[0]), false);
  assert.equal(hasShare(peers[1]), true);
  for (let offer = 100; offer < 1600; offer++)
    assert.ok(insert(peers[1 + (offer % 39)], idOf(offer), 0, address(99), 0, 1000));
  assert.equal(insert(peers[1], idOf("one more"), 0, address(99), 0, 1000), false);
  assert.equal(index.length, 1600);
  assert.equal(take("p0", 0, 99, 0), undefined, "the oldest is forgotten");
  assert.equal(hasShare(peers[0]), true);
  assert.equal(take("p0", 1, 99, 0), peers[0]);
});

test("thousands under one peer id hide nobody's offer, and leave nothing behind", () => {
  const { peers, index, insert, take } = offerersNamed(
    100_000,
    ...Array.from({ length: 5000 }, () => "ann"),
  );
  peers.forEach((peer, number) => {
    insert(peer, idOf(number), 0, address(1), 0, 1000);
  });
  for (const number of [0, 2500, 4999]) assert.equal(take("ann", number, 1, 0), peers[number]);
  index.expire(1000);
  assert.equal(index.length, 0);
});

test("the same offer again, by one of the same id, takes the place of the former", () => {
  const { peers, index, insert, take } = offerersNamed(1000, "ann", "ann");
  for (let round = 0; round < 1000; round++)
    insert(peers[round % 2], idOf("o"), 0, address(1), 0, 9);
  assert.equal(index.length, 1);
  assert.equal(take("ann", "o", 1, 0), peers[1]);
  index.expire(9);
  assert.equal(index.length, 0);
});
