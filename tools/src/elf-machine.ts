/**
 * The processor that an executable is for: e_machine, two bytes at offset 18 of the ELF header (elf(5)), in Node's words. Asked by
 * build-binary.ts, which puts another processor's Node into an executable that it cannot start.
 *
 *     7f 45 4c 46 02 01 …  16: 03 00  18: b7 00     a program for arm64
 */
const MAGIC = 0x7f454c46;
const MACHINE_OFFSET = 18;
const HEADER_BYTES = 64;
const MACHINES: Readonly<Record<number, string>> = { 62: "x64", 183: "arm64" };

/** Throws an Error where the bytes do not begin as an ELF file does. */
export function elfMachineOf(file: Uint8Array): string {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < HEADER_BYTES || view.getUint32(0) !== MAGIC)
    throw new Error("not an ELF file: it does not begin with 7f 45 4c 46");
  const machine = view.getUint16(MACHINE_OFFSET, true);
  return MACHINES[machine] ?? `machine ${machine}`;
}
