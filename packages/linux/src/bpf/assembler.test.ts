import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfAssembler } from "./assembler.ts";

/** The bytes of what `write` assembles, one instruction a string. */
function assembled(write: (assembler: BpfAssembler) => void): string[] {
  const assembler = new BpfAssembler();
  write(assembler);
  return Buffer.from(assembler.assemble()).toString("hex").match(/.{16}/g) ?? [];
}

test("arithmetic is encoded as the instruction set says, in 64 and 32 bits, with values and registers", () => {
  const bytes = assembled((a) => {
    a.alu("move", 0, 2);
    a.aluFrom("move", 6, 1);
    a.alu32("move", 3, -1);
    a.aluFrom32("xor", 4, 3);
    a.alu("add", 2, 58);
    a.alu32("shiftLeft", 5, 7);
    a.alu32("shiftRight", 5, 25);
    a.alu("divide", 0, 1_000_000_000);
    a.alu32("and", 9, 0xffff);
    a.alu32("and", 2, 0xffff0000);
    a.aluFrom("subtract", 0, 1);
    a.aluFrom32("or", 2, 5);
  });
  assert.deepEqual(bytes, [
    "b700000002000000",
    "bf16000000000000",
    "b4030000ffffffff",
    "ac34000000000000",
    "070200003a000000",
    "6405000007000000",
    "7405000019000000",
    "3700000000ca9a3b",
    "54090000ffff0000",
    "540200000000ffff",
    "1f10000000000000",
    "4c52000000000000",
  ]);
});

test("loads and stores of each size carry base, register and offset", () => {
  const bytes = assembled((a) => {
    a.load(4, 7, 6, 0);
    a.load(2, 4, 7, 12);
    a.load(1, 4, 7, 23);
    a.load(8, 1, 8, 16);
    a.store(4, 7, 46, 5);
    a.store(8, 9, -8, 1);
    a.storeValue(4, 7, 42, 0);
    a.swapBytes(1, 32);
    a.swapBytes(1, 16);
  });
  assert.deepEqual(bytes, [
    "6167000000000000",
    "69740c0000000000",
    "7174170000000000",
    "7981100000000000",
    "63572e0000000000",
    "7b19f8ff00000000",
    "62072a0000000000",
    "dc01000020000000",
    "dc01000010000000",
  ]);
});

test("a map and the address of its value are loaded by descriptor, in two instructions", () => {
  const bytes = assembled((a) => {
    a.loadMap(1, 5);
    a.loadMapValue(8, 6, 64);
    a.call(51);
    a.exit();
  });
  assert.deepEqual(bytes, [
    "1811000005000000",
    "0000000000000000",
    "1828000006000000",
    "0000000040000000",
    "8500000033000000",
    "9500000000000000",
  ]);
});

test("jumps count the instructions between, forwards and backwards", () => {
  const bytes = assembled((a) => {
    a.label("start");
    a.jumpIf("notEqual", 4, 17, "end");
    a.jumpIfFrom("above", 2, 3, "end");
    a.jumpIf32("signedAtLeast", 9, 120, "start");
    a.jumpIfFrom32("equal", 1, 2, "end");
    a.jump("end");
    a.label("end");
    a.exit();
  });
  assert.deepEqual(bytes, [
    "5504040011000000",
    "2d32030000000000",
    "7609fdff78000000",
    "1e21010000000000",
    "0500000000000000",
    "9500000000000000",
  ]);
});

test("a label that is missing or defined twice is an error with its name", () => {
  assert.throws(() => assembled((a) => a.jump("nowhere")), /no instruction has the label nowhere/);
  const twice = (a: BpfAssembler) => {
    a.label("here");
    a.label("here");
  };
  assert.throws(() => assembled(twice), /the label here is defined twice/);
});
