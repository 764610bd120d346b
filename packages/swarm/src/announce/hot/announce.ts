/**
 * One announce on its way from a protocol to the store. Each worker thread has one record, made once and filled anew for
 * every announce: the codecs of UDP, HTTP and WebTorrent write it, `Admission` and `SwarmStore` read it.
 *
 * Info hash, address and port are as they lie in a packet, read in the machine's byte order: a UDP request is not copied,
 * the record points into it.
 *
 * Example, 10.0.0.1 port 6881 (0x1AE1) on a little-endian machine: address[addressAt] = 0x0100000A, port = 0xE11A.
 */
export class Announce {
  /** Five words of info hash, from `infoHashAt`. */
  infoHash: Int32Array;
  infoHashAt = 0;
  /** The store's hash of the info hash where it was worked out before (`SwarmPrefetch.hashOf`), or 0. */
  hash = 0;
  /** The peer's address from `addressAt`: one word for family 4, four for family 6. */
  address: Int32Array;
  addressAt = 0;
  family: 4 | 6 = 4;
  port = 0;
  /** ANNOUNCE_… of role.ts. */
  flags = 0;
  /** Whether the client named an event, a known one; such an announce is never a repeat. */
  hasEvent = false;
  /** The most peers to write. */
  peersWanted = 0;
  /** Peers are written here from halfword `replyAt`: 3 halfwords each for family 4, 9 for family 6. */
  reply: Uint16Array;
  replyAt = 0;

  constructor(infoHash: Int32Array, address: Int32Array, reply: Uint16Array) {
    this.infoHash = infoHash;
    this.address = address;
    this.reply = reply;
  }
}

/** A port number as an announce carries it: its two bytes in packet order, read by a little-endian machine. */
export function portInPacketOrder(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}
