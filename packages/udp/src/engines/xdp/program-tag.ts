/**
 * The part of the XDP program that computes the tag of a connection id: Chaskey-12 as in hot/chaskey.ts, in BPF. Called
 * while the program is assembled.
 */
import type { BpfAssembler, BpfRegister } from "@swarmtide/linux";
import { CHASKEY_ROUNDS } from "../../hot/chaskey.ts";
import { type FrameLayout, STACK_ISSUED } from "./frame-layout.ts";
import { IPV4_STATE_AT, KEY_AT, SUBKEY_AT } from "./shared-memory.ts";

/** The state; r5 is scratch, r0 counts rounds. */
const STATE = [1, 2, 3, 4] as const satisfies readonly BpfRegister[];
const SCRATCH = 5;
const ROUND = 0;

/**
 * Leaves the tag's two words in r1 and r2, of the frame's source address and the seconds at STACK_ISSUED. r7 is the frame, r8
 * the settings; r0 to r5 are lost. `use` makes its labels unique.
 */
export function writeTag(a: BpfAssembler, layout: FrameLayout, use: string): void {
  const { family, sourceAt } = layout;
  const [v0, v1, v2] = STATE;
  if (family === 4) {
    for (const [i, register] of STATE.entries()) a.load(4, register, 8, IPV4_STATE_AT + 4 * i);
    a.load(4, SCRATCH, 7, sourceAt);
    a.aluFrom32("xor", v0, SCRATCH);
  } else {
    for (const [i, register] of STATE.entries()) {
      a.load(4, register, 8, KEY_AT + 4 * i);
      a.load(4, SCRATCH, 7, sourceAt + 4 * i);
      a.aluFrom32("xor", register, SCRATCH);
    }
    writePermutation(a, `${use} first ${family}`);
    for (const [i, register] of STATE.entries()) xorSubkey(a, register, i);
    a.alu32("xor", v2, 6);
  }
  a.load(4, SCRATCH, 10, STACK_ISSUED);
  a.aluFrom32("xor", v1, SCRATCH);
  writePermutation(a, `${use} ${family}`);
  xorSubkey(a, v0, 0);
  xorSubkey(a, v1, 1);
}

function xorSubkey(a: BpfAssembler, register: BpfRegister, word: number): void {
  a.load(4, SCRATCH, 8, SUBKEY_AT + 4 * word);
  a.aluFrom32("xor", register, SCRATCH);
}

/** All rounds, in a loop: the verifier follows it (Linux 5.3 and newer), and the code stays in the instruction cache. */
function writePermutation(a: BpfAssembler, label: string): void {
  const [v0, v1, v2, v3] = STATE;
  a.alu32("move", ROUND, CHASKEY_ROUNDS);
  a.label(`rounds ${label}`);
  a.aluFrom32("add", v0, v1);
  rotate(a, v1, 5);
  a.aluFrom32("xor", v1, v0);
  rotate(a, v0, 16);
  a.aluFrom32("add", v2, v3);
  rotate(a, v3, 8);
  a.aluFrom32("xor", v3, v2);
  a.aluFrom32("add", v0, v3);
  rotate(a, v3, 13);
  a.aluFrom32("xor", v3, v0);
  a.aluFrom32("add", v2, v1);
  rotate(a, v1, 7);
  a.aluFrom32("xor", v1, v2);
  rotate(a, v2, 16);
  a.alu32("subtract", ROUND, 1);
  a.jumpIf32("notEqual", ROUND, 0, `rounds ${label}`);
}

function rotate(a: BpfAssembler, register: BpfRegister, bits: number): void {
  a.aluFrom32("move", SCRATCH, register);
  a.alu32("shiftLeft", register, bits);
  a.alu32("shiftRight", SCRATCH, 32 - bits);
  a.aluFrom32("or", register, SCRATCH);
}
