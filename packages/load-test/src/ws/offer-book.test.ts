import assert from "node:assert/strict";
import { test } from "node:test";
import { OfferBook } from "./offer-book.ts";

test("an offer is known with its maker and its torrent, an answer with who gave it", () => {
  const book = new OfferBook();
  const first = book.make(7, 3);
  const second = book.make(8, 3);
  assert.ok(book.hasMade(first, 7, 3) && book.hasMade(second, 8, 3));
  for (const [client, torrent] of [
    [8, 3],
    [7, 4],
  ] as const)
    assert.ok(!book.hasMade(first, client, torrent));
  assert.ok(!book.hasMade(second + 1, 8, 3) && !book.hasMade(-1, 8, 3));
  assert.ok(!book.hasAnswered(first, 8));
  book.answer(first, 8);
  assert.ok(book.hasAnswered(first, 8) && !book.hasAnswered(first, 9));
});

test("what is older than a million offers is taken as right", () => {
  const book = new OfferBook();
  const old = book.make(1, 1);
  for (let count = 0; count < 1 << 20; count++) book.make(2, 2);
  assert.ok(book.hasMade(old, 5, 5) && book.hasAnswered(old, 5));
  assert.ok(!book.hasMade(old + 1, 5, 5));
});

test("whether the maker of an offer has left is known for the latest 65,536 that did", () => {
  const book = new OfferBook();
  const [first, second] = [book.make(1, 1), book.make(2, 1)];
  book.leave(1);
  assert.deepEqual(
    [first, second, second + 1].map((offer) => book.hasMakerLeft(offer)),
    [true, false, false],
  );
  for (let client = 3; client < 3 + (1 << 16); client++) book.leave(client);
  assert.equal(book.hasMakerLeft(first), false);
});
