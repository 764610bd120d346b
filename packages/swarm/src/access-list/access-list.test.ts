import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import fc from "fast-check";
import { AccessList, type AccessListHandle } from "./access-list.ts";
import {
  findSlot,
  hashInfoHash,
  SET_COUNT_WORD,
  SET_INDEX_WORD,
  SET_MASK_WORD,
} from "./hot/info-hash-set.ts";

if (!isMainThread) parentPort?.postMessage(countAllowed(workerData as AccessListHandle, 2000));

/** The n-th of a row of made-up info hashes. */
function numbered(n: number): Uint8Array {
  const bytes = new Uint8Array(20);
  new DataView(bytes.buffer).setUint32(8, n);
  return bytes;
}

function countAllowed(handle: AccessListHandle, upTo: number): number {
  const list = AccessList.attach(handle);
  let count = 0;
  for (let n = 0; n < upTo; n++) if (list.allows(new Int32Array(numbered(n).buffer), 0)) count++;
  return count;
}

function packed(hashes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(hashes.length * 20);
  hashes.forEach((hash, i) => {
    bytes.set(hash, 20 * i);
  });
  return bytes;
}

if (isMainThread)
  describe("an access list", () => {
    // Few different bytes, so that duplicates and near misses are common.
    const infoHash = fc
      .tuple(fc.integer({ min: 0, max: 19 }), fc.integer({ min: 0, max: 255 }))
      .map(([at, byte]) => new Uint8Array(20).fill(byte, at));

    test("it answers like a plain Set, for all modes and with duplicates", () => {
      const lists = fc.array(fc.oneof(infoHash, fc.uint8Array({ minLength: 20, maxLength: 20 })), {
        maxLength: 60,
      });
      fc.assert(
        fc.property(lists, lists, (listed, asked) => {
          const set = new Set(listed.map((hash) => Buffer.from(hash).toString("hex")));
          const open = (mode: "allow" | "deny" | "off") =>
            AccessList.attach(AccessList.build({ mode, hashes: packed(listed) }));
          const [allow, deny, off] = [open("allow"), open("deny"), open("off")];
          assert.equal(allow.entryCount, set.size);
          assert.equal(off.entryCount, 0);
          for (const hash of [...listed, ...asked]) {
            const words = new Int32Array(8);
            new Uint8Array(words.buffer).set(hash, 8);
            const isListed = set.has(Buffer.from(hash).toString("hex"));
            assert.equal(allow.allows(words, 2), isListed);
            assert.equal(deny.allows(words, 2), !isListed);
            assert.equal(off.allows(words, 2), true);
            const unaligned = new Uint8Array(23);
            unaligned.set(hash, 3);
            assert.equal(allow.allowsBytes(unaligned, 3), isListed);
            assert.equal(deny.allowsBytes(hash), !isListed);
            assert.equal(off.allowsBytes(hash), true);
          }
        }),
      );
    });

    test("an empty list in mode allow refuses everything, in mode deny nothing", () => {
      for (const words of [new Int32Array(5), new Int32Array(5).fill(-1)]) {
        assert.equal(
          AccessList.attach(AccessList.build({ mode: "allow" })).allows(words, 0),
          false,
        );
        assert.equal(AccessList.attach(AccessList.build({ mode: "deny" })).allows(words, 0), true);
        assert.equal(AccessList.attach(AccessList.build({ mode: "off" })).allows(words, 0), true);
      }
    });

    test("the info hash of all zeros can be listed like any other", () => {
      const list = AccessList.attach(
        AccessList.build({ mode: "allow", hashes: new Uint8Array(40) }),
      );
      assert.equal(list.entryCount, 1);
      assert.equal(list.allows(new Int32Array(5), 0), true);
      assert.equal(list.allows(Int32Array.of(0, 0, 0, 0, 1), 0), false);
    });

    test("two lists of the same entries lay them out differently", () => {
      const hashes = packed(Array.from({ length: 64 }, (_, n) => numbered(n)));
      const layout = () => {
        const set = new Int32Array(AccessList.build({ mode: "deny", hashes }).memory);
        return Array.from({ length: 64 }, (_, n) => {
          const words = new Int32Array(numbered(n).buffer);
          return findSlot(set, words, 0, hashInfoHash(words, 0, set[0] ?? 0, set[1] ?? 0));
        }).join();
      };
      assert.notEqual(layout(), layout());
    });

    test("another thread attaches to the same memory", async () => {
      const hashes = packed(Array.from({ length: 1500 }, (_, n) => numbered(2 * n)));
      const handle = AccessList.build({ mode: "deny", hashes });
      const worker = new Worker(new URL(import.meta.url), { workerData: handle });
      const counted = await new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      assert.equal(counted, 1000);
      assert.equal(countAllowed(handle, 2000), 1000);
    });

    test("a list of two hundred thousand entries has them all, half its slots free, and no long runs", () => {
      const count = 200_000;
      const hashes = new Uint8Array(count * 20);
      const view = new DataView(hashes.buffer);
      for (let n = 0; n < count; n++) view.setUint32(n * 20 + 16, n);
      const handle = AccessList.build({ mode: "allow", hashes });
      const list = AccessList.attach(handle);
      assert.equal(list.entryCount, count);
      const words = new Int32Array(hashes.buffer);
      for (let n = 0; n < count; n++) assert.ok(list.allows(words, n * 5));
      const set = new Int32Array(handle.memory);
      assert.ok((set[SET_MASK_WORD] ?? 0) + 1 >= 2 * (set[SET_COUNT_WORD] ?? 0));
      assert.ok(longestRun(set) < 100, `${longestRun(set)}`);
    });

    test("bytes that are not a whole number of info hashes are a mistake of the caller", () => {
      assert.throws(
        () => AccessList.build({ mode: "deny", hashes: new Uint8Array(19) }),
        RangeError,
      );
    });
  });

function longestRun(set: Int32Array): number {
  let longest = 0;
  let run = 0;
  for (let slot = 0; slot <= (set[SET_MASK_WORD] ?? 0); slot++) {
    run = set[SET_INDEX_WORD + slot] === 0 ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}
