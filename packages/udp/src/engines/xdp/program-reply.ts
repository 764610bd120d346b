/**
 * The part of the XDP program that turns a connect request of 16 bytes into its reply, in place: addresses and ports
 * exchanged, headers as a fresh packet has them, checksums of IP and UDP over what it became. Called while the program is
 * assembled. BEP 15; RFC 791, 768, 8200.
 *
 * | byte of the payload | request              | reply                      |
 * |---------------------|----------------------|----------------------------|
 * | 0–3                 | 0x00000417           | action: 0                  |
 * | 4–7                 | 0x27101980           | transaction id             |
 * | 8–11                | action: 0            | connection id, upper half  |
 * | 12–15               | transaction id       | connection id, lower half  |
 */
import type { BpfAssembler } from "@swarmtide/linux";
import { ETHERNET_BYTES, type FrameLayout, STACK_ISSUED } from "./frame-layout.ts";

/** Hops that a reply may take, as of every packet that this system sends. */
const HOPS = 64;
/** The first two words of the IPv4 header of a datagram of 16 bytes, as stored: 45 00 00 2c, 00 00 40 00 (do not fragment). */
const IPV4_WORDS = [0x2c000045, 0x00400000] as const;
/** The third one: 64 hops, UDP, and a checksum of 0 at first. */
const IPV4_HOPS_WORD = 0x1100 | HOPS;
/** The first word of the IPv6 header: version 6, no class, no flow. */
const IPV6_WORD = 0x60;
/** In sums: protocol 17 and a length of 24, as loaded. */
const PROTOCOL_SUM = 0x1100;
const LENGTH_SUM = 0x1800;

/** r1 and r2 are the tag; r0 to r5 are lost. */
export function writeConnectReply(a: BpfAssembler, layout: FrameLayout): void {
  const { payloadAt } = layout;
  a.alu32("and", 2, 0xffff0000);
  a.load(4, 3, 10, STACK_ISSUED);
  a.alu32("and", 3, 0xffff);
  a.aluFrom32("or", 2, 3);
  a.swapBytes(1, 32);
  a.swapBytes(2, 32);
  a.load(4, 3, 7, payloadAt + 12);
  a.storeValue(4, 7, payloadAt, 0);
  a.store(4, 7, payloadAt + 4, 3);
  a.store(4, 7, payloadAt + 8, 1);
  a.store(4, 7, payloadAt + 12, 2);
  exchangeSenders(a, layout);
  if (layout.family === 4) writeIpv4Header(a, layout);
  else {
    a.storeValue(4, 7, ETHERNET_BYTES, IPV6_WORD);
    a.storeValue(1, 7, ETHERNET_BYTES + 7, HOPS);
  }
  writeUdpChecksum(a, layout);
}

function exchangeSenders(a: BpfAssembler, { sourceAt, addressBytes, udpAt }: FrameLayout): void {
  exchange(a, 4, 0, 6);
  exchange(a, 2, 4, 10);
  for (let i = 0; i < addressBytes; i += 4)
    exchange(a, 4, sourceAt + i, sourceAt + addressBytes + i);
  exchange(a, 2, udpAt, udpAt + 2);
}

function exchange(a: BpfAssembler, size: 2 | 4, one: number, other: number): void {
  a.load(size, 1, 7, one);
  a.load(size, 2, 7, other);
  a.store(size, 7, one, 2);
  a.store(size, 7, other, 1);
}

function writeIpv4Header(a: BpfAssembler, { sourceAt }: FrameLayout): void {
  const words = [...IPV4_WORDS, IPV4_HOPS_WORD];
  for (const [i, word] of words.entries()) a.storeValue(4, 7, ETHERNET_BYTES + 4 * i, word);
  a.alu("move", 0, 0);
  for (const word of words) a.alu("add", 0, word);
  addWords(a, sourceAt, 8);
  fold(a);
  a.store(2, 7, ETHERNET_BYTES + 10, 0);
}

/** Over addresses, protocol and length, ports, length and payload. 0 would mean "none": then it is 0xffff. */
function writeUdpChecksum(a: BpfAssembler, layout: FrameLayout): void {
  const { family, sourceAt, addressBytes, udpAt, payloadAt } = layout;
  a.alu("move", 0, PROTOCOL_SUM + 2 * LENGTH_SUM);
  addWords(a, sourceAt, 2 * addressBytes);
  addWords(a, udpAt, 4);
  addWords(a, payloadAt, 16);
  fold(a);
  a.jumpIf("notEqual", 0, 0, `checksum ${family}`);
  a.alu("move", 0, 0xffff);
  a.label(`checksum ${family}`);
  a.store(2, 7, udpAt + 6, 0);
}

/** Adds words of the frame to r0, in 64 bits: nothing is carried out of it. */
function addWords(a: BpfAssembler, at: number, bytes: number): void {
  for (let i = 0; i < bytes; i += 4) {
    a.load(4, 1, 7, at + i);
    a.aluFrom("add", 0, 1);
  }
}

/** r0: from a sum of 32-bit words to the complement of the sum of 16-bit ones (RFC 1071). */
function fold(a: BpfAssembler): void {
  a.aluFrom32("move", 1, 0);
  a.alu("shiftRight", 0, 32);
  a.aluFrom("add", 0, 1);
  for (let i = 0; i < 3; i++) {
    a.aluFrom("move", 1, 0);
    a.alu("and", 1, 0xffff);
    a.alu("shiftRight", 0, 16);
    a.aluFrom("add", 0, 1);
  }
  a.alu("xor", 0, 0xffff);
  a.alu("and", 0, 0xffff);
}
