/**
 * Assembles programs for the kernel's BPF machine: one method an instruction, labels for jumps, the bytes that bpf(2)
 * loads. Pure: no system call. Called once at the start by whoever has a program to load (engine `xdp` of the UDP tracker).
 *
 * An instruction is 8 bytes, little endian (Linux, Documentation/bpf/standardization/instruction-set.rst):
 *
 * | byte | meaning                                                            |
 * |------|--------------------------------------------------------------------|
 * | 0    | operation code: class in bits 0–2, the rest by class               |
 * | 1    | destination register in bits 0–3, source register in bits 4–7      |
 * | 2–3  | offset, signed: bytes for memory, instructions for jumps           |
 * | 4–7  | immediate value, signed                                            |
 *
 * Example, `r0 = 2; exit`: b7 00 00 00 02 00 00 00 · 95 00 00 00 00 00 00 00.
 *
 * A 64-bit load takes two of them, with the value's upper half in the second. Registers: r0 result, r1–r5 arguments of a
 * helper and lost by its call, r6–r9 kept, r10 the stack's end.
 */

/** Classes, bits 0–2 of the operation code. */
const CLASS_LOAD_IMMEDIATE = 0x00;
const CLASS_LOAD = 0x01;
const CLASS_STORE_IMMEDIATE = 0x02;
const CLASS_STORE = 0x03;
const CLASS_ALU32 = 0x04;
const CLASS_JUMP = 0x05;
const CLASS_JUMP32 = 0x06;
const CLASS_ALU64 = 0x07;

/** Bit 3 of arithmetic and jumps: the operand is the source register, not the immediate. */
const FROM_REGISTER = 0x08;
/** The mode of loads and stores: memory at a register plus the offset. */
const MODE_MEMORY = 0x60;
/** A 64-bit immediate: class 0, size 8 bytes. */
const LOAD_64 = CLASS_LOAD_IMMEDIATE | 0x18;

const SIZE_BITS = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 } as const;
const ALU_BITS = {
  ...{ add: 0x00, subtract: 0x10, divide: 0x30, or: 0x40, and: 0x50, shiftLeft: 0x60 },
  ...{ shiftRight: 0x70, xor: 0xa0, move: 0xb0 },
} as const;
const JUMP_BITS = {
  ...{ equal: 0x10, above: 0x20, aboveOrEqual: 0x30, notEqual: 0x50 },
  ...{ below: 0xa0, signedAtLeast: 0x70, signedBelow: 0xc0 },
} as const;
const JUMP_ALWAYS = 0x00;
const CALL = 0x80;
const EXIT = 0x90;
const TO_BIG_ENDIAN = 0xd0 | FROM_REGISTER | CLASS_ALU32;

/** Source "register" of a 64-bit load whose value is a map's descriptor: the map, or its first value's address. */
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;

export type BpfRegister = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;
export type BpfSize = keyof typeof SIZE_BITS;
export type BpfOperation = keyof typeof ALU_BITS;
export type BpfCondition = keyof typeof JUMP_BITS;

interface Instruction {
  readonly code: number;
  readonly to: number;
  readonly from: number;
  offset: number;
  readonly immediate: number;
}

export class BpfAssembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: { readonly at: number; readonly label: string }[] = [];

  /** Instructions so far. */
  get length(): number {
    return this.#instructions.length;
  }

  /** Names the next instruction. Throws when the name is taken. */
  label(name: string): void {
    if (this.#labels.has(name)) throw new Error(`the label ${name} is defined twice`);
    this.#labels.set(name, this.#instructions.length);
  }

  /** `to = to OPERATION value`, in 64 bits; "move" ignores what `to` was. The value is sign-extended. */
  alu(operation: BpfOperation, to: BpfRegister, value: number): void {
    this.#push(ALU_BITS[operation] | CLASS_ALU64, to, 0, 0, value);
  }

  /** `to = to OPERATION from`, in 64 bits. */
  aluFrom(operation: BpfOperation, to: BpfRegister, from: BpfRegister): void {
    this.#push(ALU_BITS[operation] | FROM_REGISTER | CLASS_ALU64, to, from, 0, 0);
  }

  /** As `alu` in the lower 32 bits; the upper ones become 0. */
  alu32(operation: BpfOperation, to: BpfRegister, value: number): void {
    this.#push(ALU_BITS[operation] | CLASS_ALU32, to, 0, 0, value);
  }

  /** As `aluFrom` in the lower 32 bits; the upper ones become 0. */
  aluFrom32(operation: BpfOperation, to: BpfRegister, from: BpfRegister): void {
    this.#push(ALU_BITS[operation] | FROM_REGISTER | CLASS_ALU32, to, from, 0, 0);
  }

  /** Turns the lower 16 or 32 bits from network order to the machine's, or back; the upper ones become 0. */
  swapBytes(to: BpfRegister, bits: 16 | 32): void {
    this.#push(TO_BIG_ENDIAN, to, 0, 0, bits);
  }

  /** `to = memory[base + offset]`, zero-extended. */
  load(size: BpfSize, to: BpfRegister, base: BpfRegister, offset: number): void {
    this.#push(SIZE_BITS[size] | MODE_MEMORY | CLASS_LOAD, to, base, offset, 0);
  }

  /** `memory[base + offset] = from`. */
  store(size: BpfSize, base: BpfRegister, offset: number, from: BpfRegister): void {
    this.#push(SIZE_BITS[size] | MODE_MEMORY | CLASS_STORE, base, from, offset, 0);
  }

  /** `memory[base + offset] = value`. */
  storeValue(size: BpfSize, base: BpfRegister, offset: number, value: number): void {
    this.#push(SIZE_BITS[size] | MODE_MEMORY | CLASS_STORE_IMMEDIATE, base, 0, offset, value);
  }

  /** `to` = the map behind this descriptor, as helpers take it. */
  loadMap(to: BpfRegister, mapFd: number): void {
    this.#push(LOAD_64, to, PSEUDO_MAP_FD, 0, mapFd);
    this.#push(0, 0, 0, 0, 0);
  }

  /** `to` = the address `offset` bytes into the only value of the array map behind this descriptor. */
  loadMapValue(to: BpfRegister, mapFd: number, offset = 0): void {
    this.#push(LOAD_64, to, PSEUDO_MAP_VALUE, 0, mapFd);
    this.#push(0, 0, 0, 0, offset);
  }

  jump(label: string): void {
    this.#jumpTo(label, JUMP_ALWAYS | CLASS_JUMP, 0, 0, 0);
  }

  /** Jumps if `left CONDITION value`, compared in 64 bits; the value is sign-extended. */
  jumpIf(condition: BpfCondition, left: BpfRegister, value: number, label: string): void {
    this.#jumpTo(label, JUMP_BITS[condition] | CLASS_JUMP, left, 0, value);
  }

  /** Jumps if `left CONDITION right`, compared in 64 bits. */
  jumpIfFrom(condition: BpfCondition, left: BpfRegister, right: BpfRegister, label: string): void {
    this.#jumpTo(label, JUMP_BITS[condition] | FROM_REGISTER | CLASS_JUMP, left, right, 0);
  }

  /** As `jumpIf` with the lower 32 bits. */
  jumpIf32(condition: BpfCondition, left: BpfRegister, value: number, label: string): void {
    this.#jumpTo(label, JUMP_BITS[condition] | CLASS_JUMP32, left, 0, value);
  }

  /** As `jumpIfFrom` with the lower 32 bits. */
  jumpIfFrom32(
    condition: BpfCondition,
    left: BpfRegister,
    right: BpfRegister,
    label: string,
  ): void {
    this.#jumpTo(label, JUMP_BITS[condition] | FROM_REGISTER | CLASS_JUMP32, left, right, 0);
  }

  /** Calls a helper of bpf-helpers(7) by its number. */
  call(helper: number): void {
    this.#push(CALL | CLASS_JUMP, 0, 0, 0, helper);
  }

  /** Ends the program; r0 is its result. */
  exit(): void {
    this.#push(EXIT | CLASS_JUMP, 0, 0, 0, 0);
  }

  /** The program as bpf(2) loads it. Throws when a label that is jumped to does not stand anywhere. */
  assemble(): Uint8Array {
    for (const { at, label } of this.#jumps) {
      const target = this.#labels.get(label);
      const instruction = this.#instructions[at];
      if (target === undefined || instruction === undefined)
        throw new Error(`no instruction has the label ${label}`);
      instruction.offset = target - at - 1;
    }
    const bytes = new Uint8Array(this.#instructions.length * 8);
    const view = new DataView(bytes.buffer);
    for (const [i, { code, to, from, offset, immediate }] of this.#instructions.entries()) {
      bytes[i * 8] = code;
      bytes[i * 8 + 1] = to | (from << 4);
      view.setInt16(i * 8 + 2, offset, true);
      view.setInt32(i * 8 + 4, immediate, true);
    }
    return bytes;
  }

  #jumpTo(label: string, code: number, left: number, right: number, value: number): void {
    this.#jumps.push({ at: this.#instructions.length, label });
    this.#push(code, left, right, 0, value);
  }

  #push(code: number, to: number, from: number, offset: number, immediate: number): void {
    this.#instructions.push({ code, to, from, offset, immediate: immediate | 0 });
  }
}
