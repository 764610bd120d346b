import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConnectionIds } from "./connection-id.ts";

const KEY = Int32Array.of(1, -2, 3, -4);
const words = (family: 4 | 6) =>
  fc.array(fc.integer(), { minLength: family === 4 ? 1 : 4, maxLength: 4 });

function issued(ids: ConnectionIds, address: Int32Array, family: 4 | 6, now: number) {
  ids.setNow(now);
  ids.issue(address, 0, family);
  return [ids.high, ids.low] as const;
}

for (const family of [4, 6] as const) {
  test(`an IPv${family} id is valid for its address until its age is reached, in another thread too`, () => {
    const seconds = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(words(family), seconds, (list, now) => {
        const address = Int32Array.from(list);
        const [high, low] = issued(new ConnectionIds(KEY, 120), address, family, now);
        const other = new ConnectionIds(KEY.slice(), 120);
        for (const [age, valid] of [
          [0, true],
          [119, true],
          [120, false],
          [121, false],
          [70_000, false],
        ] as const) {
          other.setNow(now + age);
          assert.equal(other.isValid(high, low, address, 0, family), valid, `age ${age}`);
        }
      }),
    );
  });

  test(`an IPv${family} id is refused for any other address and with any bit changed`, () => {
    fc.assert(
      fc.property(words(family), fc.integer({ min: 0, max: 127 }), (list, bit) => {
        const ids = new ConnectionIds(KEY, 120);
        const address = Int32Array.from(list);
        const [high, low] = issued(ids, address, family, 1000);
        const other = address.slice();
        other[(bit >> 5) % (family === 4 ? 1 : 4)] ^= 1 << (bit & 31);
        assert.equal(ids.isValid(high, low, other, 0, family), false);
        const flip = 1 << (bit & 31);
        assert.equal(ids.isValid(high ^ flip, low, address, 0, family), false);
        assert.equal(ids.isValid(high, low ^ flip, address, 0, family), false);
      }),
    );
  });
}

test("an id from a thread whose clock is ahead is valid within a minute, not beyond", () => {
  const ids = new ConnectionIds(KEY, 120);
  const address = Int32Array.of(0x0100007f);
  const [high, low] = issued(ids, address, 4, 1060);
  ids.setNow(1000);
  assert.equal(ids.isValid(high, low, address, 0, 4), true);
  ids.setNow(999);
  assert.equal(ids.isValid(high, low, address, 0, 4), false);
});

test("an id does not come back to life when the clock's 16 bits wrap", () => {
  const ids = new ConnectionIds(KEY, 120);
  const address = Int32Array.of(0x0100007f);
  const [high, low] = issued(ids, address, 4, 500);
  ids.setNow(500 + 65_536);
  assert.equal(ids.isValid(high, low, address, 0, 4), false);
});

test("ids of another key are refused, and ids differ by time, address and family", () => {
  const ids = new ConnectionIds(KEY, 120);
  const address = Int32Array.of(7, 0, 0, 0);
  const [high, low] = issued(ids, address, 4, 5);
  const stranger = new ConnectionIds(Int32Array.of(1, -2, 3, -5), 120);
  stranger.setNow(5);
  assert.equal(stranger.isValid(high, low, address, 0, 4), false);
  assert.notEqual(issued(ids, address, 4, 6)[0], high);
  assert.notEqual(issued(ids, address, 6, 5)[0], high);
  assert.equal(ids.isValid(high, low, address, 0, 6), false);
});
