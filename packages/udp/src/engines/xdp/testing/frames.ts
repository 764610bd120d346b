/**
 * Builds and reads Ethernet frames by hand, not with the code that is tested against them. Used by the tests and the fuzzer
 * of the engine `xdp`. RFC 768, 791, 1071, 8200.
 */

export interface Datagram {
  /** 4 or 16 bytes each. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

const SENDER = Buffer.from("020000000002", "hex");
const RECEIVER = Buffer.from("020000000001", "hex");
const UDP = 17;

/** The complement of the sum of 16-bit words; odd bytes are followed by a zero. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const bytes of parts)
    for (const [i, byte] of bytes.entries()) sum += i % 2 === 0 ? byte * 256 : byte;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}

function udpOf({ source, destination, sourcePort, port, payload }: Datagram): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(port, 2);
  header.writeUInt16BE(8 + payload.length, 4);
  const pseudo = Buffer.from([0, UDP, 0, 0]);
  pseudo.writeUInt16BE(8 + payload.length, 2);
  const checksum = internetChecksum(source, destination, pseudo, header, payload);
  header.writeUInt16BE(checksum === 0 ? 0xffff : checksum, 6);
  return Buffer.concat([header, payload]);
}

/** A frame from 02:00:00:00:00:02 to 02:00:00:00:00:01, as a client's system sends it. */
export function frameOf(datagram: Datagram): Buffer {
  const { source, destination } = datagram;
  const udp = udpOf(datagram);
  if (source.length === 16) {
    const header = Buffer.from("6000000000001140", "hex");
    header.writeUInt16BE(udp.length, 4);
    const type = Buffer.from("86dd", "hex");
    return Buffer.concat([RECEIVER, SENDER, type, header, source, destination, udp]);
  }
  const header = Buffer.from("450000001234400039110000", "hex");
  header.writeUInt16BE(20 + udp.length, 2);
  header.writeUInt16BE(internetChecksum(header, source, destination), 10);
  const type = Buffer.from("0800", "hex");
  return Buffer.concat([RECEIVER, SENDER, type, header, source, destination, udp]);
}

/** The frame that a system sends back: sender and receiver exchanged, 64 hops, no identification. */
export function replyFrameOf(request: Datagram, payload: Uint8Array): Buffer {
  const frame = frameOf({
    ...{ source: request.destination, destination: request.source, payload },
    ...{ sourcePort: request.port, port: request.sourcePort },
  });
  frame.set(SENDER, 0);
  frame.set(RECEIVER, 6);
  if (request.source.length === 16) return frame;
  frame.set([0, 0, 0x40, 0, 64, UDP, 0, 0], 18);
  frame.writeUInt16BE(internetChecksum(frame.subarray(14, 34)), 24);
  return frame;
}

/**
 * What stands in a frame, if it is one whole UDP datagram without options, extension headers or fragments; and what follows
 * the packet in the frame is not part of it.
 */
export function readDatagram(frame: Uint8Array): Datagram | undefined {
  const bytes = Buffer.from(frame);
  if (bytes.length < 42) return undefined;
  const type = bytes.readUInt16BE(12);
  if (type === 0x0800) return readIpv4(bytes.subarray(14));
  return type === 0x86dd && bytes.length >= 62 ? readIpv6(bytes.subarray(14)) : undefined;
}

function readIpv4(packet: Buffer): Datagram | undefined {
  if (packet[0] !== 0x45 || packet[9] !== UDP) return undefined;
  if ((packet.readUInt16BE(6) & 0x3fff) !== 0) return undefined;
  const length = packet.readUInt16BE(2);
  if (length > packet.length || length < 28) return undefined;
  return readUdp(packet.subarray(20, length), packet.subarray(12, 16), packet.subarray(16, 20));
}

function readIpv6(packet: Buffer): Datagram | undefined {
  if ((packet[0] ?? 0) >> 4 !== 6 || packet[6] !== UDP) return undefined;
  const length = packet.readUInt16BE(4);
  if (length + 40 > packet.length || length < 8) return undefined;
  return readUdp(packet.subarray(40, 40 + length), packet.subarray(8, 24), packet.subarray(24, 40));
}

function readUdp(udp: Buffer, source: Buffer, destination: Buffer): Datagram | undefined {
  if (udp.readUInt16BE(4) !== udp.length) return undefined;
  return {
    ...{ source, destination, payload: udp.subarray(8) },
    ...{ sourcePort: udp.readUInt16BE(0), port: udp.readUInt16BE(2) },
  };
}
