import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { foreignLibrary } from "./ffi.ts";
import { libc, linuxSupported } from "./libc.ts";
import { localIpv4Addresses } from "./local-addresses.ts";
import { NativeMemory, storeAddress } from "./native-memory.ts";

const skip = linuxSupported() ? false : "this machine is not a supported Linux";

describe("NativeMemory", { skip }, () => {
  test("starts on a cache line, is zero, has whole lines, and its address is that of its bytes", () => {
    for (const length of [1, 63, 64, 65, 4096, 100_000, 2_000_000]) {
      const memory = new NativeMemory(length);
      assert.equal(memory.address % 64, 0);
      assert.equal(memory.bytes.length, Math.ceil(length / 64) * 64);
      assert.equal(memory.words.length * 4, memory.bytes.length);
      assert.ok(memory.bytes.every((byte) => byte === 0));
      assert.equal(foreignLibrary().addressOf(memory.bytes), memory.address);
    }
  });

  test("what the kernel writes at the address is seen in bytes and words, also after collections", () => {
    const memory = new NativeMemory(64);
    for (let round = 0; round < 20; round++) {
      Array.from({ length: 100 }, () => new Uint8Array(100_000));
      memory.words.fill(0);
      const fd = libc().eventfd(0x01020304, 0);
      assert.equal(libc().read(fd, memory.address + 8, 8), 8);
      libc().close(fd);
      assert.deepEqual([...memory.bytes.subarray(8, 16)], [4, 3, 2, 1, 0, 0, 0, 0]);
      assert.equal(memory.words[2], 0x01020304);
    }
  });

  test("an address is stored in 64 bits, low word first", () => {
    const words = new Int32Array(2);
    storeAddress(words, 0, 0x7fff_f234_5678);
    assert.equal(Buffer.from(words.buffer).readBigUInt64LE(), 0x7fff_f234_5678n);
  });

  test("the addresses of this machine contain 127.0.0.1 in network order", () => {
    assert.ok(localIpv4Addresses().includes(0x0100_007f));
  });
});
