/** On a Node without node:ffi there is one test, which says so; on the others it has to agree with koffi. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openKoffi } from "./koffi.ts";
import { openNodeFfi } from "./node-ffi.ts";

const isThere = process.getBuiltinModule?.("node:ffi") !== undefined;

if (!isThere) {
  test("a Node without node:ffi is told which one has it", () => {
    assert.throws(openNodeFfi, /no node:ffi, which came with 26\.1/);
  });
} else {
  test("node:ffi and koffi call the same functions with the same results and the same errno", () => {
    for (const library of [openKoffi(), openNodeFfi()]) {
      assert.equal(library.bind("getpid", "int", [])(), process.pid);
      const close = library.bind("close", "int", ["int"]);
      assert.equal(close(-1), -1);
      assert.equal(library.lastErrno(), 9);
      const write = library.bind("write", "word", ["int", "address", "word"]);
      assert.equal(write(-1, library.addressOf(new Uint8Array(8)), 8), -1);
      assert.equal(library.lastErrno(), 9);
      assert.throws(() => library.bind("no_such_function", "int", []));
    }
  });

  test("node:ffi and koffi map memory and view it, and what one writes the other reads", () => {
    const [koffi, nodeFfi] = [openKoffi(), openNodeFfi()];
    const parameters = ["address", "word", "int", "int", "int", "word"] as const;
    const address = nodeFfi.bind("mmap", "address", parameters)(0, 4096, 3, 0x22, -1, 0);
    new Uint8Array(nodeFfi.bufferAt(address, 4096)).fill(7);
    assert.equal(new Uint8Array(koffi.bufferAt(address, 4096))[4095], 7);
    assert.equal(koffi.bind("munmap", "int", ["address", "word"])(address, 4096), 0);
    const failed = [koffi, nodeFfi].map((one) => one.bind("mmap", "address", parameters));
    assert.deepEqual(
      failed.map((mmap) => Number(mmap(0, 0, 3, 0x22, -1, 0))),
      [2 ** 64, 2 ** 64],
    );
  });

  test("node:ffi and koffi agree on the address of a view", () => {
    const buffer = new SharedArrayBuffer(256);
    for (const view of [new Uint8Array(buffer, 16), new Int32Array(new ArrayBuffer(64))])
      assert.equal(openNodeFfi().addressOf(view), openKoffi().addressOf(view));
    assert.equal(openNodeFfi().addressOf(new Uint8Array(0)), 0);
  });
}
