/**
 * The XDP program: what the kernel does with a frame before it becomes a packet. Assembled at the start by the engine `xdp`;
 * xdp-program.test.ts and the fuzzer hold it to the handler in TypeScript. linux/bpf.h, bpf-helpers(7), BEP 15.
 *
 * A connect request is answered here (XDP_TX, 16 bytes for 16 bytes); what has a valid connection id goes to the AF_XDP
 * socket of its receive queue; what has none is dropped and counted. Everything else passes to the network stack, and with
 * it to the ordinary sockets: other ports, addresses and protocols, fragments, IP options, extension headers, VLANs.
 *
 * Registers: r6 context, r7 frame, r8 settings, r9 this processor's counters (shared-memory.ts).
 */
import { BpfAssembler, XDP_DROP, XDP_PASS } from "@swarmtide/linux";
import {
  ETHERNET_BYTES,
  FRAMES,
  type FrameLayout,
  STACK_AGE,
  STACK_ISSUED,
  STACK_LENGTH,
  UDP_HEADER_BYTES,
} from "./frame-layout.ts";
import { writeConnectReply } from "./program-reply.ts";
import { writeTag } from "./program-tag.ts";
import {
  ADDRESSES_AT,
  ADDRESSES_MAX,
  CONNECTION_AGE_AT,
  COUNTER_SLOT_BYTES,
  counterAt,
  ENABLED_AT,
  PORT_AT,
  STARTED_NANOSECONDS_AT,
  type XdpCounter,
} from "./shared-memory.ts";

/** struct xdp_md. */
const CONTEXT_DATA = 0;
const CONTEXT_DATA_END = 4;
const CONTEXT_QUEUE = 16;

const HELPER_KTIME_GET_NS = 5;
const HELPER_SMP_PROCESSOR_ID = 8;
const HELPER_REDIRECT_MAP = 51;

/** Numbers of a packet as a little-endian machine loads them. */
const ETHERTYPE_IPV4 = 0x0008;
const ETHERTYPE_IPV6 = 0xdd86;
const PROTOCOL_UDP = 17;
/** More fragments, or an offset: 0x3fff in network order. */
const FRAGMENT_BITS = 0xff3f;
/** Version 4, five words of header: no options. */
const IPV4_PLAIN_HEADER = 0x45;

const REQUEST_BYTES_MIN = 16;
/** 0x41727101980, the connection id of a connect request, in two words as loaded. */
const CONNECT_MAGIC_WORDS = [0x17040000, 0x80191027] as const;
const FUTURE_SECONDS_MAX = 60;
const NANOSECONDS = 1_000_000_000;

export interface ProgramMaps {
  readonly settingsFd: number;
  readonly countersFd: number;
  /** Slots of counters, a power of two. */
  readonly counterSlots: number;
  readonly socketsFd: number;
}

export function xdpProgram(maps: ProgramMaps): Uint8Array {
  const a = new BpfAssembler();
  a.aluFrom("move", 6, 1);
  a.load(4, 7, 6, CONTEXT_DATA);
  a.load(4, 3, 6, CONTEXT_DATA_END);
  a.loadMapValue(8, maps.settingsFd);
  a.load(4, 1, 8, ENABLED_AT);
  a.jumpIf32("equal", 1, 0, "pass");
  passUnlessLong(a, FRAMES[4].payloadAt);
  a.load(2, 4, 7, ETHERNET_BYTES - 2);
  a.jumpIf("equal", 4, ETHERTYPE_IPV6, "ipv6");
  a.jumpIf("notEqual", 4, ETHERTYPE_IPV4, "pass");
  writeIpv4Match(a);
  writeRequest(a, FRAMES[4], maps);
  a.label("ipv6");
  writeIpv6Match(a);
  writeRequest(a, FRAMES[6], maps);
  a.label("redirect");
  a.loadMap(1, maps.socketsFd);
  a.load(4, 2, 6, CONTEXT_QUEUE);
  // The action where the queue has no socket.
  a.alu("move", 3, XDP_PASS);
  a.call(HELPER_REDIRECT_MAP);
  a.exit();
  a.label("drop");
  a.alu("move", 0, XDP_DROP);
  a.exit();
  a.label("pass");
  a.alu("move", 0, XDP_PASS);
  a.exit();
  return a.assemble();
}

/** Lets a frame pass that is shorter; with r3 the frame's end. */
function passUnlessLong(a: BpfAssembler, bytes: number): void {
  a.aluFrom("move", 2, 7);
  a.alu("add", 2, bytes);
  a.jumpIfFrom("above", 2, 3, "pass");
}

/** Goes on with what is a whole UDP datagram to a served address and port. */
function writeIpv4Match(a: BpfAssembler): void {
  const { sourceAt, udpAt } = FRAMES[4];
  a.load(1, 4, 7, ETHERNET_BYTES);
  a.jumpIf("notEqual", 4, IPV4_PLAIN_HEADER, "pass");
  a.load(1, 4, 7, ETHERNET_BYTES + 9);
  a.jumpIf("notEqual", 4, PROTOCOL_UDP, "pass");
  a.load(2, 4, 7, ETHERNET_BYTES + 6);
  a.alu("and", 4, FRAGMENT_BITS);
  a.jumpIf("notEqual", 4, 0, "pass");
  writePortMatch(a, FRAMES[4]);
  a.load(4, 4, 7, sourceAt + 4);
  for (let i = 0; i < ADDRESSES_MAX; i++) {
    a.load(4, 5, 8, ADDRESSES_AT[4] + 4 * i);
    a.jumpIfFrom("equal", 4, 5, "ipv4 served");
  }
  a.jump("pass");
  a.label("ipv4 served");
  // The whole packet: r4 its bytes, which the header of UDP repeats without the 20 of IP.
  a.load(2, 4, 7, ETHERNET_BYTES + 2);
  a.swapBytes(4, 16);
  a.load(2, 5, 7, udpAt + 4);
  a.swapBytes(5, 16);
  a.aluFrom("move", 1, 5);
  a.alu("add", 1, udpAt - ETHERNET_BYTES);
  a.jumpIfFrom("notEqual", 1, 4, "pass");
}

function writeIpv6Match(a: BpfAssembler): void {
  const { sourceAt, udpAt, payloadAt } = FRAMES[6];
  passUnlessLong(a, payloadAt);
  a.load(1, 4, 7, ETHERNET_BYTES);
  a.alu("and", 4, 0xf0);
  a.jumpIf("notEqual", 4, 0x60, "pass");
  a.load(1, 4, 7, ETHERNET_BYTES + 6);
  a.jumpIf("notEqual", 4, PROTOCOL_UDP, "pass");
  writePortMatch(a, FRAMES[6]);
  a.load(8, 4, 7, sourceAt + 16);
  a.load(8, 5, 7, sourceAt + 24);
  for (let i = 0; i < ADDRESSES_MAX; i++) {
    const at = ADDRESSES_AT[6] + 16 * i;
    a.load(8, 1, 8, at);
    a.jumpIfFrom("notEqual", 1, 4, `ipv6 not ${i}`);
    a.load(8, 1, 8, at + 8);
    a.jumpIfFrom("equal", 1, 5, "ipv6 served");
    a.label(`ipv6 not ${i}`);
  }
  a.jump("pass");
  a.label("ipv6 served");
  a.load(2, 4, 7, ETHERNET_BYTES + 4);
  a.swapBytes(4, 16);
  a.load(2, 5, 7, udpAt + 4);
  a.swapBytes(5, 16);
  a.jumpIfFrom("notEqual", 4, 5, "pass");
}

function writePortMatch(a: BpfAssembler, { family, udpAt }: FrameLayout): void {
  a.load(2, 4, 7, udpAt + 2);
  a.load(4, 5, 8, PORT_AT[family]);
  a.jumpIfFrom32("notEqual", 4, 5, "pass");
  // Nobody can be answered at port 0; the sockets count such datagrams.
  a.load(2, 4, 7, udpAt);
  a.jumpIf("equal", 4, 0, "pass");
}

/** A datagram to the tracker, with r3 the frame's end and r5 the length that its UDP header says. */
function writeRequest(a: BpfAssembler, layout: FrameLayout, maps: ProgramMaps): void {
  const { family, udpAt, payloadAt } = layout;
  a.jumpIf("below", 5, UDP_HEADER_BYTES, "pass");
  a.aluFrom("move", 2, 7);
  a.alu("add", 2, udpAt);
  a.aluFrom("add", 2, 5);
  a.jumpIfFrom("above", 2, 3, "pass");
  a.alu("subtract", 5, UDP_HEADER_BYTES);
  a.store(8, 10, STACK_LENGTH, 5);
  a.call(HELPER_SMP_PROCESSOR_ID);
  a.alu("and", 0, maps.counterSlots - 1);
  a.alu("shiftLeft", 0, Math.log2(COUNTER_SLOT_BYTES));
  a.loadMapValue(9, maps.countersFd);
  a.aluFrom("add", 9, 0);
  a.load(8, 5, 10, STACK_LENGTH);
  a.jumpIf("below", 5, REQUEST_BYTES_MIN, `short ${family}`);
  a.load(4, 3, 6, CONTEXT_DATA_END);
  passUnlessLong(a, payloadAt + REQUEST_BYTES_MIN);
  // r0: seconds since the tracker started.
  a.call(HELPER_KTIME_GET_NS);
  a.load(8, 1, 8, STARTED_NANOSECONDS_AT);
  a.aluFrom("subtract", 0, 1);
  a.alu("divide", 0, NANOSECONDS);
  a.load(4, 4, 7, payloadAt + 8);
  a.jumpIf32("equal", 4, 0, `connect ${family}`);
  writeIdCheck(a, layout);
  a.jump("redirect");

  a.label(`connect ${family}`);
  for (const [i, word] of CONNECT_MAGIC_WORDS.entries()) {
    a.load(4, 4, 7, payloadAt + 4 * i);
    a.jumpIf32("notEqual", 4, word, `bad connect ${family}`);
  }
  // A longer one is answered by 16 bytes as well: with another length, which is left to the handler.
  a.load(8, 5, 10, STACK_LENGTH);
  a.jumpIf("notEqual", 5, REQUEST_BYTES_MIN, "redirect");
  a.store(8, 10, STACK_ISSUED, 0);
  writeTag(a, layout, "connect");
  writeConnectReply(a, layout);
  count(a, "connects", family);
  addToCounter(a, "receivedBytes", family, REQUEST_BYTES_MIN);
  addToCounter(a, "sentBytes", family, REQUEST_BYTES_MIN);
  a.alu("move", 0, 3);
  a.exit();

  for (const [label, counter] of DROPS) {
    a.label(`${label} ${family}`);
    count(a, counter, family);
    a.load(8, 5, 10, STACK_LENGTH);
    a.load(8, 1, 9, counterAt("receivedBytes", family));
    a.aluFrom("add", 1, 5);
    a.store(8, 9, counterAt("receivedBytes", family), 1);
    a.jump("drop");
  }
}

const DROPS: readonly (readonly [string, XdpCounter])[] = [
  ["short", "short"],
  ["bad connect", "badConnects"],
  ["bad id", "badConnectionIds"],
];

/** Goes on when the connection id was issued to this address and is still good, as `ConnectionIds.isValid` says. */
function writeIdCheck(a: BpfAssembler, layout: FrameLayout): void {
  const { family, payloadAt } = layout;
  // r1: its age, of the lower 16 bits of the time of issue; r0: now.
  a.load(4, 5, 7, payloadAt + 4);
  a.swapBytes(5, 32);
  a.aluFrom32("move", 1, 0);
  a.aluFrom32("subtract", 1, 5);
  a.alu32("and", 1, 0xffff);
  a.jumpIf32("below", 1, 0x10000 - FUTURE_SECONDS_MAX, `past ${family}`);
  a.alu32("subtract", 1, 0x10000);
  a.label(`past ${family}`);
  a.store(4, 10, STACK_AGE, 1);
  a.aluFrom32("subtract", 0, 1);
  a.store(8, 10, STACK_ISSUED, 0);
  writeTag(a, layout, "check");
  // r1 and r2: the tag. Both differences are looked at together.
  a.load(4, 3, 7, payloadAt);
  a.swapBytes(3, 32);
  a.aluFrom32("xor", 3, 1);
  a.load(4, 4, 7, payloadAt + 4);
  a.swapBytes(4, 32);
  a.aluFrom32("xor", 4, 2);
  a.alu32("and", 4, 0xffff0000);
  a.aluFrom32("or", 3, 4);
  a.jumpIf32("notEqual", 3, 0, `bad id ${family}`);
  a.load(4, 1, 10, STACK_AGE);
  a.load(4, 2, 8, CONNECTION_AGE_AT);
  a.jumpIfFrom32("signedAtLeast", 1, 2, `bad id ${family}`);
}

const count = (a: BpfAssembler, counter: XdpCounter, family: 4 | 6): void =>
  addToCounter(a, counter, family, 1);

/** The slot belongs to this processor, on which XDP programs do not interrupt each other: no atomic needed. */
function addToCounter(a: BpfAssembler, counter: XdpCounter, family: 4 | 6, value: number): void {
  const at = counterAt(counter, family);
  a.load(8, 1, 9, at);
  a.alu("add", 1, value);
  a.store(8, 9, at, 1);
}
