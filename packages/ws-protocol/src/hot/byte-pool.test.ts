import assert from "node:assert/strict";
import { test } from "node:test";
import { BytePool, POOL_BYTES_MIN } from "./byte-pool.ts";

test("a pool lends powers of two that are large enough", () => {
  const pool = new BytePool();
  for (const wanted of [0, 1, 1024, 1025, 2048, 2049, 65_536, 65_537, 1_000_000]) {
    const bytes = pool.take(wanted);
    assert.ok(bytes.length >= wanted && bytes.length >= POOL_BYTES_MIN);
    assert.equal(Math.log2(bytes.length) % 1, 0);
    assert.ok(wanted <= POOL_BYTES_MIN || bytes.length < 2 * wanted);
  }
});

test("a pool knows how much is lent and says when that is as much as it should be", () => {
  const pool = new BytePool(4096);
  const lent = [pool.take(1000), pool.take(3000)];
  assert.deepEqual([pool.lentBytes, pool.isFull], [5120, true]);
  for (const bytes of lent) pool.give(bytes);
  assert.deepEqual([pool.lentBytes, pool.isFull], [0, false]);
  assert.equal(new BytePool().isFull, false);
});

test("what is given back is lent again, and only so much is kept", () => {
  const pool = new BytePool();
  const bytes = pool.take(3000);
  pool.give(bytes);
  assert.equal(pool.freeBytes, 4096);
  assert.equal(pool.take(2500), bytes);
  assert.equal(pool.freeBytes, 0);
  for (let index = 0; index < 20; index++) pool.give(new Uint8Array(1 << 20));
  assert.equal(pool.freeBytes, 4 << 20);
});
