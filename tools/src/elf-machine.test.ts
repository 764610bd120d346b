import assert from "node:assert/strict";
import { closeSync, openSync, readSync } from "node:fs";
import { test } from "node:test";
import { elfMachineOf } from "./elf-machine.ts";

const header = (machine: number): Uint8Array => {
  const bytes = new Uint8Array(64);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  bytes.set([machine & 255, machine >> 8], 18);
  return bytes;
};

test("an executable tells its processor, an unknown one its number", () => {
  assert.equal(elfMachineOf(header(62)), "x64");
  assert.equal(elfMachineOf(header(183)), "arm64");
  assert.equal(elfMachineOf(header(243)), "machine 243");
});

test("what is not an executable is refused", () => {
  assert.throws(() => elfMachineOf(new Uint8Array(64)), /not an ELF file/);
  assert.throws(() => elfMachineOf(header(62).subarray(0, 20)), /not an ELF file/);
});

test("the Node that runs this is for the processor that it names", {
  skip: process.platform === "linux" ? false : "ELF is Linux's",
}, () => {
  const bytes = new Uint8Array(64);
  const fd = openSync(process.execPath, "r");
  readSync(fd, bytes);
  closeSync(fd);
  assert.equal(elfMachineOf(bytes), process.arch);
});
