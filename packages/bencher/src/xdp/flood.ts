/**
 * A flood of announces without a valid connection id from a forged address and ever other ports, sent from inside the kernel: a
 * million a second leave part of a core to honest clients. One call sends them all, since each call waits for the kernel's
 * other processors; the program idles between frames to keep the pace. A process of the bench of the engine `xdp`, in the clients' network:
 * `flood.js INTERFACE MAC_OF_SERVER ADDRESS PORT SECONDS PER_SECOND`; says "there" when it begins.
 */
import { parseIpAddress } from "@swarmtide/bittorrent";
import {
  BpfAssembler,
  findInterface,
  loadXdpProgram,
  sendFrames,
  XDP_DROP,
} from "@swarmtide/linux";
import { passFramesNatively } from "./native-pass.ts";

/** struct xdp_md, and helpers of bpf-helpers(7). */
const CONTEXT_DATA = 0;
const CONTEXT_DATA_END = 4;
const HELPER_KTIME = 5;
const HELPER_RANDOM = 7;
const HELPER_REDIRECT = 23;
const SOURCE_PORT_AT = 34;
const REQUEST_BYTES = 98;
const UDP = 17;
const FORGED_HOST = 77;
/** Frames and idle steps by which the pace is found. */
const TRIED = 100_000;
const STEPS_TRIED = 64;
const STEPS_MAX = 3000;

/** An Ethernet frame with an announce whose connection id was never issued; without a UDP checksum, as RFC 768 allows. */
function forgedFrame(macOfServer: Uint8Array, server: Uint8Array, port: number): Buffer {
  const payload = Buffer.alloc(REQUEST_BYTES, 0x5a);
  payload.writeInt32BE(1, 8);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(port, 2);
  udp.writeUInt16BE(8 + REQUEST_BYTES, 4);
  const ip = Buffer.from("450000000000400040110000", "hex");
  ip.writeUInt16BE(20 + 8 + REQUEST_BYTES, 2);
  const sender = Buffer.from(server);
  sender[3] = FORGED_HOST;
  const header = Buffer.concat([ip, sender, server]);
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  header.writeUInt16BE(0xffff - ((sum & 0xffff) + (sum >>> 16)), 10);
  header[9] = UDP;
  const ethernet = Buffer.concat([macOfServer, Buffer.from("0200000000020800", "hex")]);
  return Buffer.concat([ethernet, header, udp, payload]);
}

/** Redirects each frame to the interface with another source port, after so many idle steps. */
function redirectingProgram(index: number, idleSteps: number): number {
  const a = new BpfAssembler();
  a.load(4, 7, 1, CONTEXT_DATA);
  a.load(4, 8, 1, CONTEXT_DATA_END);
  a.aluFrom("move", 1, 7);
  a.alu("add", 1, SOURCE_PORT_AT + 2);
  a.jumpIfFrom("above", 1, 8, "refuse");
  a.call(HELPER_RANDOM);
  a.store(2, 7, SOURCE_PORT_AT, 0);
  for (let step = 0; step < idleSteps; step++) a.call(HELPER_KTIME);
  a.alu("move", 1, index);
  a.alu("move", 2, 0);
  a.call(HELPER_REDIRECT);
  a.exit();
  a.label("refuse");
  a.alu("move", 0, XDP_DROP);
  a.exit();
  return loadXdpProgram(a.assemble());
}

const [name = "", mac = "", host = "", port = "", seconds = "", perSecond = ""] =
  process.argv.slice(2);
const server = parseIpAddress(host);
if (server === undefined) throw new Error(`not an IP address: ${host}`);
passFramesNatively(name);
const index = findInterface(name)?.index ?? 0;
const frame = forgedFrame(Buffer.from(mac.replaceAll(":", ""), "hex"), server, Number(port));
const nanosecondsEach = (idleSteps: number): number => {
  const program = redirectingProgram(index, idleSteps);
  const begin = process.hrtime.bigint();
  sendFrames(program, frame, TRIED);
  return Number(process.hrtime.bigint() - begin) / TRIED;
};
const atOnce = nanosecondsEach(0);
const step = Math.max(1, (nanosecondsEach(STEPS_TRIED) - atOnce) / STEPS_TRIED);
const idleSteps = Math.max(0, Math.round((1e9 / Number(perSecond) - atOnce) / step));
console.log("there");
sendFrames(
  redirectingProgram(index, Math.min(idleSteps, STEPS_MAX)),
  frame,
  Number(seconds) * Number(perSecond),
);
