import assert from "node:assert/strict";
import { test } from "node:test";
import { INFO_HASH_WORDS } from "@swarmtide/bittorrent";
import { createSwarmStore } from "../open-store.ts";
import { announceOf, infoHashOf } from "../testing/peers.ts";
import { keyedHash } from "./keyed-hash.ts";

const BATCH = 8;

/** A batch of announces whose info hashes lie one behind another, as those of datagrams do. */
function openBatch() {
  const store = createSwarmStore({ memoryBytesMax: 2 ** 24 });
  const prefetch = store.openPrefetch(BATCH);
  const words = new Int32Array(BATCH * INFO_HASH_WORDS);
  const announces = Array.from({ length: BATCH }, (_, i) => {
    words.set(infoHashOf(i % 3), i * INFO_HASH_WORDS);
    const announce = announceOf(0, i);
    announce.infoHash = words;
    announce.infoHashAt = i * INFO_HASH_WORDS;
    return announce;
  });
  const expected = (i: number) =>
    keyedHash(store.handle.hashKey, words, i * INFO_HASH_WORDS, INFO_HASH_WORDS);
  const readAhead = (count: number) => {
    for (const announce of announces.slice(0, count)) prefetch.add(announce);
    prefetch.run();
  };
  return { prefetch, words, announces, expected, readAhead };
}

test("the hashes of a batch are known in its order, also where some of its announces are not asked about", () => {
  const { prefetch, announces, expected, readAhead } = openBatch();
  for (const asked of [[0, 1, 2, 3, 4, 5, 6, 7], [1, 4, 5], [7], []]) {
    readAhead(BATCH);
    for (const i of asked)
      assert.equal(prefetch.hashOf(announces[i]), expected(i), `${asked}: ${i}`);
  }
});

test("no hash is known of an announce that was not read ahead, and none after it until the next batch", () => {
  const { prefetch, announces, expected, readAhead } = openBatch();
  readAhead(4);
  assert.equal(prefetch.hashOf(announces[0]), expected(0));
  assert.equal(prefetch.hashOf(announces[6]), 0);
  assert.equal(prefetch.hashOf(announces[1]), 0);
  readAhead(4);
  assert.equal(prefetch.hashOf(announces[1]), expected(1));
});

test("no hash is known once another info hash lies where the batch's lay, whichever of its words differs", () => {
  for (let word = 0; word < INFO_HASH_WORDS; word++) {
    const { prefetch, words, announces, readAhead } = openBatch();
    readAhead(BATCH);
    words[2 * INFO_HASH_WORDS + word] ^= 1;
    assert.equal(prefetch.hashOf(announces[2]), 0, `word ${word}`);
  }
});
