/**
 * What the XDP program is to do with a frame, said in TypeScript from what the handler does with its datagram: the tests and
 * the fuzzer compare the two.
 */
import { XDP_DROP, XDP_PASS, XDP_REDIRECT, XDP_TX } from "@swarmtide/linux";
import type { ConnectionIds } from "../../../hot/connection-id.ts";
import { readDatagram, replyFrameOf } from "./frames.ts";

const CONNECT = Buffer.from("000004172710198000000000", "hex");

export interface Served {
  readonly ports: Readonly<Record<4 | 6, number>>;
  readonly addresses: readonly Uint8Array[];
  /** With the tracker's key, and set to the time at which the program ran. */
  readonly connectionIds: ConnectionIds;
}

export interface Expected {
  readonly action: number;
  /** After XDP_TX: what is sent. */
  readonly reply?: Buffer;
}

export function expectedOf(frame: Uint8Array, served: Served): Expected {
  const datagram = readDatagram(frame);
  if (datagram === undefined) return { action: XDP_PASS };
  const { source, destination, payload, port, sourcePort } = datagram;
  const family = source.length === 4 ? 4 : 6;
  const isServed = served.addresses.some((address) => Buffer.compare(address, destination) === 0);
  if (!isServed || port !== served.ports[family] || sourcePort === 0) return { action: XDP_PASS };
  const request = Buffer.from(payload);
  if (request.length < 16) return { action: XDP_DROP };
  const address = new Int32Array(Uint8Array.from(source).buffer);
  const ids = served.connectionIds;
  if (request.readUInt32BE(8) !== 0) {
    const [high, low] = [request.readInt32BE(0), request.readInt32BE(4)];
    const isValid = ids.isValid(high, low, address, 0, family);
    return { action: isValid ? XDP_REDIRECT : XDP_DROP };
  }
  if (Buffer.compare(request.subarray(0, 12), CONNECT) !== 0) return { action: XDP_DROP };
  if (request.length > 16) return { action: XDP_REDIRECT };
  ids.issue(address, 0, family);
  const reply = Buffer.alloc(16);
  reply.set(request.subarray(12, 16), 4);
  reply.writeInt32BE(ids.high, 8);
  reply.writeInt32BE(ids.low, 12);
  const sent = replyFrameOf(datagram, reply);
  // Ethernet's own addresses are the request's, and so is what follows the packet.
  sent.set(frame.subarray(6, 12), 0);
  sent.set(frame.subarray(0, 6), 6);
  return { action: XDP_TX, reply: Buffer.concat([sent, frame.subarray(sent.length)]) };
}
